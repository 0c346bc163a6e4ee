-- id: S15
-- version: 1
-- position: 191
-- set: standard, plan
-- title: 监督检查覆盖率、整改率与案件查处率 | Inspections: coverage, rectification and cases handled
-- unit: share
-- direction: up
-- clause: 监测指标 S15；国家职业病防治规划（2021—2025年）违法案件查处率100%（凭记忆，未核实）；意见第8条
-- calendar: 读数日所在日历年，至读数日 | in the calendar year of the reading date, up to it
-- strata: township, industry, size
-- numerator: 当年受过监督检查的用人单位 | employers inspected in the year
-- denominator: 在业且有职业病危害的用人单位（含发现的未建档单位） | active employers with hazards, discovered ones included
-- flow: state
-- place: own
-- headline: coverage
-- variants: coverage, rectified, in_time, cases, complaints
-- variant_coverage: 当年受过监督检查的用人单位 | employers inspected in the year
-- variant_rectified: 当年检查发现问题、整改期限已到或已整改者中，已整改的检查 | of inspections of the year with findings whose deadline has come or that are closed: those closed
-- variant_in_time: 同上，按期整改的检查 | the same: those closed by their deadline
-- variant_cases: 当年检查发现问题者中，已处罚或已整改的检查（案件查处率） | of inspections of the year with findings: those with a penalty or closed
-- variant_complaints: 当年收到的举报投诉中已答复的 | of complaints received in the year: those answered
WITH found AS
(
    SELECT
        *, ifNull(n_findings > 0, false) OR arrayExists(f -> f NOT IN ('', '无', '未发现', '未发现问题', '无问题', '/'), findings) AS has_findings
    FROM stg_inspection
),
visited AS
(
    SELECT employer_key::String AS unit, groupArray((inspect_date, concat('inspection:', toString(batch), ':', toString(row)))) AS days
    FROM stg_inspection
    GROUP BY unit
)
SELECT
    'coverage' AS variant, reading.employer_key AS employer_key, reading.as_of_date AS day, '' AS entity, '' AS area,
    notEmpty(lines) AS numerator, 1 AS denominator, 0 AS missing,
    arrayMap(d -> d.2, arrayFilter(d -> d.1 <= reading.as_of_date AND toYear(d.1) = toYear(reading.as_of_date), visited.days)) AS lines
FROM fct_employer_reading AS reading
INNER JOIN (SELECT employer_key FROM dim_employer WHERE has_hazard) AS hazardous ON hazardous.employer_key = reading.employer_key
LEFT JOIN visited ON visited.unit = reading.employer_key
WHERE is_active
UNION ALL
SELECT
    part.1, employer_key::String, as_of_date, '', township_code::String, part.2, part.3, 0, [concat('inspection:', toString(batch), ':', toString(row))]
FROM found
CROSS JOIN dim_reading
ARRAY JOIN arrayFilter(p -> p.3, [
    ('rectified', ifNull(closed_date <= as_of_date, false), ifNull(closed_date <= as_of_date, false) OR ifNull(deadline <= as_of_date, false)),
    ('in_time', ifNull(closed_date <= as_of_date AND closed_date <= ifNull(deadline, closed_date), false),
        ifNull(closed_date <= as_of_date, false) OR ifNull(deadline <= as_of_date, false)),
    ('cases', ifNull(closed_date <= as_of_date, false) OR ifNull(penalty_date <= as_of_date, false), true)]) AS part
WHERE has_findings AND inspect_date <= as_of_date AND toYear(inspect_date) = toYear(as_of_date)
UNION ALL
SELECT
    'complaints', employer_key::String, as_of_date, '', township_code::String, ifNull(answered_date <= as_of_date, false), true, 0,
    [concat('complaint:', toString(batch), ':', toString(row))]
FROM stg_complaint
CROSS JOIN dim_reading
WHERE receive_date <= as_of_date AND toYear(receive_date) = toYear(as_of_date)
