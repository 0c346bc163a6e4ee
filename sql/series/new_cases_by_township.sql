-- id: new_cases_by_township
-- version: 1
-- title: 各乡镇新发职业病 | New cases by township
-- stream: case_report
-- date: diagnosis_date
-- strata: township
-- population: none
-- delay: report_date
-- direction: up
-- methods: auto
-- bulletin: city
-- source: a person and disease count once, at the first report (fct_case)
WITH cases AS
(
    SELECT fct_case.*, if(dim_employer.area = '', 'unassigned', dim_employer.area) AS township
    FROM fct_case
    LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
)
SELECT
    arrayJoin([cases.township, {city:String}])                              AS stratum,
    multiIf(stratum = {city:String}, '全市', stratum = 'unassigned', '未归属乡镇', dim_township.name_zh)         AS name_zh,
    multiIf(stratum = {city:String}, 'the whole city', stratum = 'unassigned', 'unassigned', dim_township.name_en) AS name_en,
    stratum                                                                 AS area,
    diagnosis_date                                                          AS event_date,
    report_date::Nullable(Date32)                                           AS known_date,
    1 AS n, 0 AS population,
    [concat('case_report:', toString(batch), ':', toString(row))]           AS lines
FROM cases
LEFT JOIN dim_township ON dim_township.township = cases.township
UNION ALL
SELECT township, name_zh, name_en, township, NULL, NULL, 0, 0, [] FROM dim_township
