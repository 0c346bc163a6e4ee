-- id: cases_by_cell
-- version: 1
-- title: 乡镇×行业×危害因素新发和疑似职业病 | New and suspected cases by township, industry and hazard
-- stream: case_report
-- date: report_date
-- strata: township, industry, hazard
-- population: none
-- delay: none
-- direction: up
-- methods: window_test
-- params: window = 13, pool = 1
-- source: rule R05: observed against expected in a quarter (proposal)
-- A person counts once in a cell. Cells of few cases borrow from the others (empirical Bayes).
WITH cards AS
(
    SELECT
        if(dim_employer.area = '', 'unassigned', dim_employer.area)         AS township,
        if(dim_employer.division = '', 'unknown', dim_employer.division)    AS industry,
        if(hazard = '', 'open', hazard::String)                             AS agent,
        person_key, min(report_date)                                        AS reported,
        argMin(concat('case_report:', toString(batch), ':', toString(row)), (report_date, batch, row)) AS line
    FROM stg_case_report
    LEFT JOIN dim_employer ON dim_employer.employer_key = stg_case_report.employer_key::String
    WHERE report_kind IN ('new', 'correction', '')
    GROUP BY township, industry, agent, person_key
)
SELECT
    concat(cards.township, '|', cards.industry, '|', cards.agent)           AS stratum,
    concat(if(dim_township.name_zh = '', '未归属乡镇', dim_township.name_zh), ' · ',
        if(ref_industries.name_zh = '', '行业不明', ref_industries.name_zh), ' · ',
        if(dim_hazard.name_zh = '', '未匹配因素', dim_hazard.name_zh))       AS name_zh,
    concat(if(dim_township.name_en = '', 'unassigned', dim_township.name_en), ' · ',
        if(ref_industries.name_en = '', 'industry unknown', ref_industries.name_en), ' · ',
        if(dim_hazard.name_en = '', 'hazard not matched', dim_hazard.name_en)) AS name_en,
    cards.township                                                          AS area,
    reported::Nullable(Date32)                                              AS event_date,
    reported::Nullable(Date32)                                              AS known_date,
    1 AS n, 0 AS population, [line] AS lines
FROM cards
LEFT JOIN dim_township ON dim_township.township = cards.township
LEFT JOIN ref_industries ON ref_industries.code = cards.industry
LEFT JOIN dim_hazard ON dim_hazard.hazard = cards.agent
