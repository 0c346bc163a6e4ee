-- id: new_cases_by_category
-- version: 1
-- title: 各类新发职业病 | New cases by category of disease
-- stream: case_report
-- date: diagnosis_date
-- strata: disease category
-- population: none
-- delay: report_date
-- direction: up
-- methods: auto
-- source: categories of the national catalogue
SELECT
    if(dim_disease.category_zh = '', 'open', dim_disease.category_en)       AS stratum,
    if(dim_disease.category_zh = '', '未匹配病名', dim_disease.category_zh)  AS name_zh,
    if(dim_disease.category_zh = '', 'disease not matched', dim_disease.category_en) AS name_en,
    {city:String}                                                           AS area,
    diagnosis_date                                                          AS event_date,
    report_date::Nullable(Date32)                                           AS known_date,
    1 AS n, 0 AS population,
    [concat('case_report:', toString(batch), ':', toString(row))]           AS lines
FROM fct_case
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
