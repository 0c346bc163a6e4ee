-- id: N1
-- version: 1
-- position: 200
-- set: plan
-- title: 工伤保险参保人数 | Persons with work-injury insurance
-- unit: sum
-- direction: up
-- clause: 国家职业病防治规划（2021—2025年）：工伤保险参保人数稳步提升（凭记忆，未核实）
-- calendar: 读数日所在月及前两个月中最近的参保月 | the latest month insured among that of the reading date and the two before
-- strata: township, industry, size
-- numerator: 在册在业用人单位的参保职工人数 | insured employees of the active employers on the roster
-- denominator: 有参保记录的用人单位数 | employers with a record
-- flow: state
-- headline: persons
-- variants: persons
-- variant_persons: 参保人数 | persons insured
SELECT
    'persons' AS variant, status.employer_key AS employer_key, as_of_date AS day, '' AS entity, insured AS numerator, insured > 0 AS denominator, 0 AS missing,
    []::Array(String) AS lines
FROM fct_insurance_status AS status
