-- id: R38
-- version: 1
-- title: 职业病报告卡迟报、迟审 | Case cards late
-- message: {object}：{month}报告的卡片中迟报{late}张（最长{longest}天）、逾期未审{unreviewed}张
--   | {object}: of the cards reported in {month}, {late} came late (up to {longest} days) and {unreviewed} were reviewed late or not yet
-- severity: blue
-- addressee: INST, CDC
-- due: 5 working days
-- life: event
-- source: found: 15 days from diagnosis to report; 7 days for the review are a proposal
-- params: report_days = 15, review_days = 7, lookback_days = 28
-- One warning a reporting institution and month of report.
WITH cards AS
(
    SELECT
        if(report_org = '', 'unknown', report_org)::String                                  AS institution,
        formatDateTime(report_date, '%Y-%m')                                                AS month,
        dateDiff('day', ifNull(diagnosis_date, report_date), report_date)                   AS waited,
        dateDiff('day', report_date, least(ifNull(review_date, {week_end:Date32}), {week_end:Date32})) AS reviewing,
        concat('case_report:', toString(batch), ':', toString(row))                         AS line
    FROM stg_case_report
    WHERE report_kind IN ('new', 'correction', '') AND report_date <= {week_end:Date32}
        AND report_date > addDays({week_end:Date32}, -{lookback_days:Int32})
        AND (waited > {report_days:Int32} OR reviewing > {review_days:Int32})
)
SELECT
    'institution'                                                                AS object_kind,
    institution                                                                  AS object,
    institution                                                                  AS object_name,
    {city:String}                                                                AS area,
    'blue'                                                                       AS severity,
    month                                                                        AS cause,
    toFloat64(count())                                                           AS score,
    map('n', toString(count()), 'late', toString(countIf(waited > {report_days:Int32})), 'longest', toString(max(waited)),
        'unreviewed', toString(countIf(reviewing > {review_days:Int32})), 'month', month) AS args,
    arraySort(groupArray(line))                                                  AS evidence,
    length(evidence)                                                             AS n_evidence
FROM cards
GROUP BY institution, month
