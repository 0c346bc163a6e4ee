-- id: new_cases_by_hazard
-- version: 1
-- title: 各危害因素新发职业病 | New cases by hazard
-- stream: case_report
-- date: diagnosis_date
-- strata: hazard
-- population: none
-- delay: report_date
-- direction: up
-- methods: auto
-- source: hazard of the report card
SELECT
    if(hazard = '', 'open', hazard)                                         AS stratum,
    if(dim_hazard.name_zh = '', '未匹配因素', dim_hazard.name_zh)            AS name_zh,
    if(dim_hazard.name_en = '', 'hazard not matched', dim_hazard.name_en)   AS name_en,
    {city:String}                                                           AS area,
    diagnosis_date                                                          AS event_date,
    report_date::Nullable(Date32)                                           AS known_date,
    1 AS n, 0 AS population,
    [concat('case_report:', toString(batch), ':', toString(row))]           AS lines
FROM fct_case
LEFT JOIN dim_hazard ON dim_hazard.hazard = fct_case.hazard
