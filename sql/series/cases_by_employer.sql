-- id: cases_by_employer
-- version: 1
-- title: 用人单位新发和疑似职业病 | New and suspected cases by employer
-- stream: case_report
-- date: report_date
-- strata: employer
-- population: none
-- delay: none
-- direction: up
-- methods: window_test
-- params: window = 13, pool = 1
-- source: rule R05: observed against expected in a quarter (proposal)
-- A person counts once for an employer and a hazard. Employers of few cases borrow from the others that ever had one (empirical Bayes).
WITH cards AS
(
    SELECT
        stg_case_report.employer_key::String                                AS employer,
        person_key, hazard, min(report_date)                                AS reported,
        argMin(concat('case_report:', toString(batch), ':', toString(row)), (report_date, batch, row)) AS line
    FROM stg_case_report
    WHERE report_kind IN ('new', 'correction', '') AND employer_key != ''
    GROUP BY employer, person_key, hazard
)
SELECT
    cards.employer                                                          AS stratum,
    if(dim_employer.employer_name = '', cards.employer, dim_employer.employer_name) AS name_zh,
    name_zh                                                                 AS name_en,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)             AS area,
    reported::Nullable(Date32)                                              AS event_date,
    reported::Nullable(Date32)                                              AS known_date,
    1 AS n, 0 AS population, [line] AS lines
FROM cards
LEFT JOIN dim_employer ON dim_employer.employer_key = cards.employer
