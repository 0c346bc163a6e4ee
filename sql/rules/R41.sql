-- id: R41
-- version: 1
-- title: 检测报告报送迟延 | Detection reports sent late
-- message: {object}：{month}报送的检测报告中{n}份超过{days}个工作日（最长{longest}个）
--   | {object}: of the test reports sent in {month}, {n} came after more than {days} working days (up to {longest})
-- severity: blue
-- addressee: INST
-- due: 5 working days
-- life: event
-- source: found: 15 working days from the issue of the report
-- params: working_days = 15, lookback_days = 28
-- From the issue of a report to its sending, Monday to Friday. One warning an institution and month of sending. The date of publication, which rules.md
-- holds to 20 working days, is in no stream and left out.
WITH
    {week_end:Date32} AS day,
    reports AS
    (
        SELECT institution_code::String AS institution, report_no::String AS report, any(institution_name)::String AS said, min(issue_date) AS issued, max(submit_date) AS sent,
            min(concat('detection:', toString(batch), ':', toString(row))) AS line
        FROM stg_detection
        WHERE submit_date IS NOT NULL AND issue_date IS NOT NULL AND submit_date <= day AND submit_date > addDays(day, -{lookback_days:Int32}) AND institution_code != ''
        GROUP BY institution, report
    ),
    late AS
    (
        SELECT *, arrayCount(i -> toDayOfWeek(addDays(assumeNotNull(issued), i)) < 6, range(1, toUInt64(least(greatest(dateDiff('day', issued, sent), 0), 3660)) + 1)) AS waited
        FROM reports
        WHERE waited > {working_days:UInt32}
    )
SELECT
    'institution'                                                                AS object_kind,
    institution                                                                  AS object,
    if(max(said) = '', institution, max(said))                                   AS object_name,
    {city:String}                                                                AS area,
    'blue'                                                                       AS severity,
    formatDateTime(assumeNotNull(sent), '%Y-%m')                                 AS cause,
    toFloat64(count())                                                           AS score,
    map('n', toString(count()), 'month', cause, 'days', toString({working_days:UInt32}), 'longest', toString(max(waited))) AS args,
    arraySort(groupArray(20)(line))                                              AS evidence,
    count()                                                                      AS n_evidence
FROM late
GROUP BY institution, cause
