-- id: D10
-- version: 1
-- title: 介入人员仅佩戴一种剂量计 | Interventional worker with one kind of dosimeter
-- message: {employer} {worker}号介入人员（{object}）仅有{position}剂量计，年剂量估计 {projected} mSv（超过 {level} mSv）
--   | {employer}, interventional worker {worker} ({object}): only one kind of dosimeter ({position}), {projected} mSv a year estimated (above {level} mSv)
-- severity: yellow
-- addressee: EMP
-- due: 30 days
-- life: state
-- source: proposal (rules.md D); the advice of two dosimeters was found in part
-- params: class = 2E, level_msv = 5, months = 12, min_days = 80
-- Over the last months: dosimeters on the trunk either never or always over the lead apron. The estimate is their dose divided by the share of a year
-- that their periods cover.
WITH
    {week_end:Date32} AS day,
    worn AS
    (
        SELECT employer_key::String AS employer, worker_no AS number, uniqExact(position = 'over_collar') AS kinds, any(position)::String AS place
        FROM stg_dose
        WHERE quantity = 'hp10' AND position IN ('chest', 'under_apron', 'over_collar') AND period_end > addMonths(day, -{months:Int32}) AND ifNull(report_date, period_end) <= day
        GROUP BY employer, number
    ),
    sums AS
    (
        SELECT employer_key, worker_no, any(person_key) AS person_key, any(employer_name) AS said, sum(dose_msv) AS dose,
            sum(dateDiff('day', period_start, period_end) + 1) AS days, groupArrayArray(evidence) AS lines, dose * 365 / days AS projected
        FROM fct_dose_period
        WHERE job_class = {class:String} AND period_end > addMonths(day, -{months:Int32}) AND report_date <= day
        GROUP BY employer_key, worker_no
        HAVING days >= {min_days:Int32} AND ifNull(projected > {level_msv:Float64}, false)
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(sums.person_key)                                                                AS object,
    substring(toString(sums.person_key), 1, 8)                                               AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    concat(sums.employer_key, ':', sums.worker_no)                               AS cause,
    assumeNotNull(projected)                                                     AS score,
    map('projected', toString(round(projected, 1)), 'level', toString({level_msv:Float64}), 'worker', sums.worker_no, 'position', worn.place,
        'employer', if(dim_employer.employer_name = '', said, dim_employer.employer_name))                                     AS args,
    arraySlice(arraySort(sums.lines), 1, 20)                                     AS evidence,
    length(sums.lines)                                                           AS n_evidence
FROM sums
INNER JOIN worn ON worn.employer = sums.employer_key AND worn.number = sums.worker_no
LEFT JOIN dim_employer ON dim_employer.employer_key = sums.employer_key
WHERE worn.kinds = 1
