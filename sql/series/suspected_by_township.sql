-- id: suspected_by_township
-- version: 2
-- title: 各乡镇疑似职业病 | Suspected cases by township
-- stream: case_report
-- date: report_date
-- strata: township
-- population: none
-- delay: none
-- direction: up
-- methods: auto
-- bulletin: township
-- params: years = 0
-- source: one card is one case; townships without any are series of zeros
WITH cards AS
(
    SELECT
        if(dim_employer.area = '', 'unassigned', dim_employer.area)         AS township,
        report_date,
        concat('case_report:', toString(batch), ':', toString(row))         AS line
    FROM stg_case_report
    LEFT JOIN dim_employer ON dim_employer.employer_key = stg_case_report.employer_key::String
    WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
)
SELECT
    arrayJoin([township, {city:String}])                                    AS stratum,
    multiIf(stratum = {city:String}, '全市', stratum = 'unassigned', '未归属乡镇', dim_township.name_zh)         AS name_zh,
    multiIf(stratum = {city:String}, 'the whole city', stratum = 'unassigned', 'unassigned', dim_township.name_en) AS name_en,
    stratum                                                                 AS area,
    report_date::Nullable(Date32)                                           AS event_date,
    report_date::Nullable(Date32)                                           AS known_date,
    1 AS n, 0 AS population, [line] AS lines
FROM cards
LEFT JOIN dim_township ON dim_township.township = cards.township
UNION ALL
SELECT township, name_zh, name_en, township, NULL, NULL, 0, 0, [] FROM dim_township
