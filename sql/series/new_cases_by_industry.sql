-- id: new_cases_by_industry
-- version: 1
-- title: 各行业新发职业病 | New cases by industry
-- stream: case_report
-- date: diagnosis_date
-- strata: industry
-- population: none
-- delay: report_date
-- direction: up
-- methods: auto
-- source: division of the employer in GB/T 4754-2017
SELECT
    if(dim_employer.division = '', 'unknown', dim_employer.division)        AS stratum,
    if(ref_industries.name_zh = '', '行业不明', ref_industries.name_zh)      AS name_zh,
    if(ref_industries.name_en = '', 'industry unknown', ref_industries.name_en) AS name_en,
    {city:String}                                                           AS area,
    diagnosis_date                                                          AS event_date,
    report_date::Nullable(Date32)                                           AS known_date,
    1 AS n, 0 AS population,
    [concat('case_report:', toString(batch), ':', toString(row))]           AS lines
FROM fct_case
LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
LEFT JOIN ref_industries ON ref_industries.code = dim_employer.division
