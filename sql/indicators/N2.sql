-- id: N2
-- version: 1
-- position: 201
-- set: plan
-- title: 工业企业职业病危害项目申报率 | Declaration rate of industrial employers
-- unit: share
-- direction: up
-- target: 2025 = 0.90
-- clause: 国家职业病防治规划（2021—2025年）：工业企业职业病危害项目申报率≥90%（凭记忆，未核实）
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 曾经申报（宽松）或当年已更新申报（严格）的工业企业 | industrial employers that ever declared (lenient) or renewed in the year (strict)
-- denominator: 在业且有职业病危害的工业企业（国民经济行业B、C、D门类） | active employers with hazards of the sections B, C and D of GB/T 4754
-- flow: state
-- headline: lenient
-- variants: lenient, strict
-- variant_lenient: 曾经申报 | declared at any time
-- variant_strict: 当年已申报或更新 | declared in the calendar year
SELECT
    part.1 AS variant, reading.employer_key AS employer_key, reading.as_of_date AS day, '' AS entity, part.2 AS numerator, 1 AS denominator, 0 AS missing,
    []::Array(String) AS lines
FROM fct_employer_reading AS reading
INNER JOIN (SELECT employer_key FROM dim_employer WHERE has_hazard AND substring(industry_code, 1, 1) IN ('B', 'C', 'D')) AS industrial
    ON industrial.employer_key = reading.employer_key
LEFT JOIN (SELECT * FROM fct_declaration_status WHERE basis = '') AS declared
    ON declared.as_of_date = reading.as_of_date AND declared.employer_key = reading.employer_key
ARRAY JOIN [('lenient', declared.employer_key != ''), ('strict', declared.in_year)] AS part
WHERE is_active
