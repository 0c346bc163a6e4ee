-- id: R27
-- version: 1
-- title: 危害因素检测逾期 | Workplace test overdue
-- message: {object}：危害因素检测{state}{days}天，上次检测 {last}，法定周期{interval}个月
--   | {object}: workplace test {state} {days} days, last test {last}, legal interval {interval} months
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: found: 工作场所职业卫生管理规定 art. 20 (12 months severe, 36 months general); pre-warning is a proposal
-- params: ahead_days = 60, late_days = 90
-- Active key-industry employers with hazards that are at least a year old. Counted from the end of the latest test
-- that counts, or from the first anniversary of an employer that was never tested.
WITH
    {week_end:Date32} AS day,
    tests AS
    (
        SELECT employer_key, max(covers_to) AS covered_to, max(sample_date) AS last_test
        FROM fct_test_span
        WHERE sample_date <= day
        GROUP BY employer_key
    ),
    due AS
    (
        SELECT
            dim_employer.*,
            if(tests.employer_key = '', toDate32('1900-01-01'), tests.last_test)                           AS last_test,
            if(tests.employer_key = '', ifNull(addYears(start_date, 1), addDays(day, -1)), covered_to)      AS end_date,
            dateDiff('day', end_date, day)                                                                  AS days_over
        FROM dim_employer
        LEFT JOIN tests ON tests.employer_key = dim_employer.employer_key
        WHERE is_key AND has_hazard AND status IN ('active', 'moved')
            AND (close_date IS NULL OR close_date > day) AND (start_date IS NULL OR addYears(start_date, 1) <= day)
            AND days_over >= -{ahead_days:Int32}
    )
SELECT
    'employer'                                                                   AS object_kind,
    due.employer_key                                                             AS object,
    employer_name                                                                AS object_name,
    due.area                                                                     AS area,
    if(days_over > {late_days:Int32}, 'orange', 'yellow')                        AS severity,
    'periodic_test'                                                              AS cause,
    if(days_over > 0, 1000, 0) + exposed_total + days_over / 1000                AS score,
    map('days', toString(abs(days_over)), 'state', multiIf(days_over <= 0, '即将到期，还有', last_test = toDate32('1900-01-01'), '从未进行，已逾期', '已逾期'),
        'state_en', multiIf(days_over <= 0, 'due in', last_test = toDate32('1900-01-01'), 'never done, overdue by', 'overdue by'),
        'last', if(last_test = toDate32('1900-01-01'), '—', toString(last_test)), 'interval', toString(test_months),
        'exposed', toString(exposed_total))                                      AS args,
    multiIf(notEmpty(lines.evidence), lines.evidence, roster.line != '', [roster.line], exams.line != '', [exams.line], []) AS evidence,
    length(evidence)                                                             AS n_evidence
FROM due
LEFT JOIN
(
    SELECT employer_key::String AS tested_employer, sample_date,
        arraySort(groupArray(20)(concat('detection:', toString(batch), ':', toString(row)))) AS evidence
    FROM stg_detection
    GROUP BY tested_employer, sample_date
) AS lines ON lines.tested_employer = due.employer_key AND lines.sample_date = due.last_test
LEFT JOIN
(
    SELECT
        employer_key::String                                                                  AS roster_employer,
        argMin(concat('employer:', toString(batch), ':', toString(row)), workplace_no)        AS line
    FROM stg_employer
    GROUP BY roster_employer
) AS roster ON roster.roster_employer = due.employer_key
LEFT JOIN
(
    SELECT if(using_key = '', employer_key::String, using_key::String) AS examined, min(concat('exam:', toString(batch), ':', toString(row))) AS line
    FROM stg_exam
    WHERE examined IN (SELECT employer_key FROM dim_employer WHERE is_discovered)
    GROUP BY examined
) AS exams ON exams.examined = due.employer_key
