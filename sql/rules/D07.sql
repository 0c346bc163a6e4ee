-- id: D07
-- version: 1
-- title: 个人剂量监测中断或周期过长 | Monitoring interrupted or period too long
-- message: {employer}：{n}名放射工作人员监测中断或周期超过{max}天，如{worker}号（{from}至{to}）
--   | {employer}: monitoring interrupted, or periods above {max} days, for {n} radiation workers, such as {worker} ({from} to {to})
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: event
-- source: found: GBZ 128-2019, at most 90 days; three days of grace are a proposal
-- params: gap_days = 0, max_days = 93, lookback_days = 90
-- More than gap_days without a dosimeter between two periods of a worker, or a period of more than max_days, in what was reported in lookback_days.
-- One warning a unit and quarter of the gap.
WITH
    {week_end:Date32} AS day,
    ordered AS
    (
        SELECT employer_key, employer_name, worker_no, period_start, period_end, report_date, evidence[1] AS line,
            lagInFrame(period_end, 1, toDate32('1900-01-01')) OVER (PARTITION BY employer_key, worker_no ORDER BY period_start ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS before
        FROM fct_dose_period
        WHERE report_date <= day
    ),
    faults AS
    (
        SELECT employer_key AS employer, employer_name AS said, worker_no, line,
            dateDiff('day', period_start, period_end) + 1 > {max_days:Int32} AS is_long,
            if(is_long, period_start, addDays(before, 1)) AS fault_from, if(is_long, period_end, addDays(period_start, -1)) AS fault_to
        FROM ordered
        WHERE report_date > addDays(day, -{lookback_days:Int32})
            AND (is_long OR (before > toDate32('1900-01-01') AND dateDiff('day', before, period_start) - 1 > {gap_days:Int32}))
    )
SELECT
    'employer'                                                                   AS object_kind,
    faults.employer                                                              AS object,
    multiIf(any(dim_employer.employer_name) != '', any(dim_employer.employer_name), any(said) != '', any(said), faults.employer) AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))        AS area,
    'yellow'                                                                     AS severity,
    concat(toString(toYear(fault_from)), 'Q', toString(toQuarter(fault_from)))   AS cause,
    toFloat64(uniqExact(worker_no))                                              AS score,
    map('n', toString(uniqExact(worker_no)), 'max', toString({max_days:Int32}), 'worker', argMin(worker_no, (fault_from, worker_no)), 'from', toString(argMin(fault_from, (fault_from, worker_no))),
        'to', toString(argMin(fault_to, (fault_from, worker_no))), 'employer', object_name) AS args,
    arraySort(groupArray(20)(line))                                              AS evidence,
    count()                                                                      AS n_evidence
FROM faults
LEFT JOIN dim_employer ON dim_employer.employer_key = faults.employer
GROUP BY faults.employer, cause
