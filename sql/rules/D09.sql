-- id: D09
-- version: 1
-- title: 剂量突然升高 | Sudden jump of a dose
-- message: {employer} {worker}号人员（{object}）{from}起的周期剂量 {dose} mSv，为本人中位数 {median} mSv 的{times}倍以上
--   | {employer}, worker {worker} ({object}): {dose} mSv in the period from {from}, more than {times} times the own median of {median} mSv
-- severity: yellow
-- addressee: EMP
-- due: 15 days
-- life: event
-- source: proposal (rules.md D)
-- params: times = 5, least_msv = 0.5, min_periods = 4, lookback_days = 90
-- Against the median of the worker's periods before it, at least min_periods of them.
WITH
    {week_end:Date32} AS day,
    histories AS
    (
        SELECT employer_key, worker_no, any(person_key) AS person_key, any(employer_name) AS said,
            arraySort(groupArray((period_start, assumeNotNull(dose_msv), report_date, evidence))) AS periods
        FROM fct_dose_period
        WHERE report_date <= day AND dose_msv IS NOT NULL AND NOT has_nominal
        GROUP BY employer_key, worker_no
        HAVING arrayMax(h -> h.2, periods) > {least_msv:Float64}
    ),
    jumps AS
    (
        SELECT *, periods[i] AS this, arrayReduce('median', arrayMap(h -> h.2, arraySlice(periods, 1, i - 1))) AS usual
        FROM histories
        ARRAY JOIN arrayEnumerate(periods) AS i
        WHERE i > {min_periods:UInt32} AND this.2 > {least_msv:Float64} AND this.2 > {times:Float64} * usual AND this.3 > addDays(day, -{lookback_days:Int32})
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(jumps.person_key)                                                                AS object,
    substring(toString(jumps.person_key), 1, 8)                                               AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    concat(jumps.employer_key, ':', toString(this.1))                            AS cause,
    this.2                                                                       AS score,
    map('dose', toString(round(this.2, 2)), 'median', toString(round(usual, 3)), 'times', toString({times:Float64}), 'from', toString(this.1), 'worker', worker_no,
        'employer', if(dim_employer.employer_name = '', said, dim_employer.employer_name))                                     AS args,
    arraySlice(this.4, 1, 20)                                                    AS evidence,
    length(this.4)                                                               AS n_evidence
FROM jumps
LEFT JOIN dim_employer ON dim_employer.employer_key = jumps.employer_key
