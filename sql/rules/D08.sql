-- id: D08
-- version: 1
-- title: 剂量读数异常偏零或雷同 | Implausible zeros or identical readings
-- message: {employer}：{why}
--   | {employer}: {why}
-- severity: blue
-- addressee: EMP, CDC
-- due: 30 days
-- life: event
-- source: proposal (rules.md D)
-- params: periods = 4, min_workers = 5, classes = 2C;2E, lookback_days = 120
-- Cause zeros, an interventional or nuclear-medicine worker (classes) whose last periods all lie below the detection level, while some other worker of these
-- classes at any unit was above it in the same time. Cause identical, all workers of a unit, min_workers or more, with one and the same reading
-- above the detection level in a period.
WITH
    {week_end:Date32} AS day,
    histories AS
    (
        SELECT employer_key, worker_no, any(person_key) AS person_key, any(employer_name) AS said, any(fct_dose_period.job_class) AS class,
            arraySlice(arrayReverseSort(groupArray((period_start, is_measured, report_date, evidence))), 1, {periods:UInt32}) AS tail
        FROM fct_dose_period
        WHERE report_date <= day AND NOT is_lost AND fct_dose_period.job_class IN splitByChar(';', {classes:String})
        GROUP BY employer_key, worker_no
    ),
    found AS
    (
        SELECT 'person' AS kind, toString(person_key) AS object, employer_key AS employer, said, concat('zeros:', employer_key, ':', worker_no, ':', toString(toYear(tail[1].1))) AS cause,
            concat(worker_no, '号人员连续', toString(length(tail)), '个周期低于探测下限，而同类人员有读数') AS why,
            concat('worker ', worker_no, ' below the detection level in ', toString(length(tail)), ' periods running, while others of the class are not') AS why_en,
            arrayFlatten(arrayMap(h -> h.4, tail)) AS lines, toFloat64(length(tail)) AS score
        FROM histories
        WHERE length(tail) = {periods:UInt32} AND NOT arrayExists(h -> h.2, tail) AND tail[1].3 > addDays(day, -{lookback_days:Int32})
            AND (SELECT max(period_start) FROM fct_dose_period WHERE is_measured AND job_class IN splitByChar(';', {classes:String}) AND report_date <= day) >= tail[-1].1
        UNION ALL
        SELECT 'employer', employer_key, employer_key, any(employer_name), concat('identical:', toString(period_start)),
            concat('全部', toString(count()), '人', toString(period_start), '起的周期读数均为 ', toString(max(dose_msv)), ' mSv'),
            concat('all ', toString(count()), ' workers have ', toString(max(dose_msv)), ' mSv in the period from ', toString(period_start)),
            groupArrayArray(evidence), toFloat64(count())
        FROM fct_dose_period
        WHERE report_date <= day AND report_date > addDays(day, -{lookback_days:Int32})
        GROUP BY employer_key, period_start
        HAVING count() >= {min_workers:UInt32} AND min(is_measured) AND min(dose_msv) = max(dose_msv) AND NOT max(has_nominal)
    )
SELECT
    found.kind                                                                   AS object_kind,
    found.object                                                                 AS object,
    multiIf(found.kind = 'person', substring(found.object, 1, 8), dim_employer.employer_name != '', dim_employer.employer_name, found.said != '', found.said, found.object) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'blue'                                                                       AS severity,
    found.cause                                                                  AS cause,
    found.score                                                                  AS score,
    map('why', found.why, 'why_en', found.why_en, 'employer', if(dim_employer.employer_name = '', found.said, dim_employer.employer_name)) AS args,
    arraySlice(arraySort(found.lines), 1, 20)                                    AS evidence,
    length(found.lines)                                                          AS n_evidence
FROM found
LEFT JOIN dim_employer ON dim_employer.employer_key = found.employer
