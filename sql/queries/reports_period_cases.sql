-- name: reports_period_cases
-- title: Reported cases of a period, of the period before and of a year earlier
-- One row per kind: new (first report of a person's disease) and suspected. Cases count on the day of the report, up to the
-- day of evaluation; of a running period the earlier ones count up to the same day. An empty area is the city.
SELECT
    kind,
    toUInt64(countIf(in_area AND day BETWEEN {from:Date32} AND {to:Date32}))                       AS now,
    toUInt64(countIf(in_area AND day BETWEEN {before_from:Date32} AND {before_to:Date32}))         AS before,
    toUInt64(countIf(in_area AND day BETWEEN {past_from:Date32} AND {past_to:Date32}))             AS year_ago,
    min(day) <= {past_from:Date32}                                                                 AS has_past
FROM
(
    SELECT kind, day, {area:String} = '' OR area = {area:String} AS in_area
    FROM
    (
        SELECT 'new' AS kind, employer_key, report_date AS day
        FROM fct_case
        UNION ALL
        SELECT 'suspected', argMin(employer_key, report_date), min(report_date)
        FROM stg_case_report
        WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
        GROUP BY person_key, if(disease = '', disease_text::String, disease::String)
    ) AS reported
    LEFT JOIN (SELECT employer_key, area FROM dim_employer) AS employer ON employer.employer_key = reported.employer_key
)
GROUP BY kind
ORDER BY kind
