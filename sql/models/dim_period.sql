-- name: dim_period
-- title: 统计期 | Reporting periods
-- grain: one row per month, quarter and year, from the first year of the data (at most twelve years back) to today,
--   and per ISO week of this calendar year and the one before
-- order: period_kind, period
-- as_of_date is the day on which a rate of the period is read: its last day, or today in a running one.
WITH
    {today:Date32} AS today,
    (
        SELECT min(first_date)
        FROM
        (
            SELECT min(exam_date) AS first_date FROM stg_exam HAVING count() > 0
            UNION ALL SELECT min(sample_date) FROM stg_detection HAVING count() > 0
            UNION ALL SELECT min(accept_date) FROM stg_declaration HAVING count() > 0
            UNION ALL SELECT min(period_start) FROM stg_dose HAVING count() > 0
            UNION ALL SELECT min(report_date) FROM stg_case_report HAVING count() > 0
            UNION ALL SELECT min(train_date) FROM stg_training HAVING count() > 0
            UNION ALL SELECT min(period) FROM stg_insurance HAVING count() > 0
            UNION ALL SELECT today
        )
    ) AS first_date,
    toUInt16(least(greatest(toYear(ifNull(first_date, today)), toYear(today) - 11), toYear(today))) AS first_year
SELECT
    kind                                                                   AS period_kind,
    multiIf(kind = 'year', toString(toYear(start_date)),
            kind = 'quarter', concat(toString(toYear(start_date)), 'Q', toString(toQuarter(start_date))),
            kind = 'week', formatDateTime(start_date, '%G-W%V'),
            formatDateTime(start_date, '%Y-%m'))                           AS period,
    start_date,
    if(kind = 'week', addDays(start_date, 6), addDays(addMonths(start_date, span), -1)) AS end_date,
    least(end_date, today)                                                 AS as_of_date
FROM
(
    SELECT
        kind,
        span,
        addMonths(makeDate32(first_year, 1, 1), toInt32(number) * span) AS start_date
    FROM numbers(144)
    ARRAY JOIN ['month', 'quarter', 'year'] AS kind, [1, 3, 12] AS span
    UNION ALL
    SELECT
        'week'                                                                                  AS kind,
        0                                                                                       AS span,
        addWeeks(toMonday(makeDate32(toYear(today) - 1, 1, 4)), toInt32(number))::Date32        AS start_date
    FROM numbers(106)
)
WHERE start_date <= today
