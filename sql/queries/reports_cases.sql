-- name: reports_cases
-- title: Reported cases of the week, of its comparisons and of the year so far
-- One row per kind: new (first report of a person's disease) and suspected. Cases count on the day of the report.
SELECT
    kind,
    toUInt64(countIf(day BETWEEN {from:Date32} AND {to:Date32}))                                AS now,
    toUInt64(countIf(day BETWEEN {from:Date32} - 7 AND {to:Date32} - 7))                        AS before,
    toUInt64(countIf(day BETWEEN {past_from:Date32} AND {past_to:Date32}))                      AS year_ago,
    toUInt64(countIf(day BETWEEN {year_from:Date32} AND {to:Date32}))                           AS year_now,
    toUInt64(countIf(day BETWEEN {past_year_from:Date32} AND {past_year_to:Date32}))            AS year_past,
    min(day) <= {past_year_from:Date32}                                                         AS has_past
FROM
(
    SELECT 'new' AS kind, report_date AS day
    FROM fct_case
    UNION ALL
    SELECT 'suspected', min(report_date)
    FROM stg_case_report
    WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
    GROUP BY person_key, if(disease = '', disease_text::String, disease::String)
)
GROUP BY kind
ORDER BY kind
