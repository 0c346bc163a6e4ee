-- id: N3
-- version: 1
-- position: 202
-- set: plan
-- title: 尘肺病患者集中乡镇康复服务覆盖率 | Townships with many pneumoconiosis patients that have rehabilitation
-- unit: share
-- direction: up
-- target: 2025 = 0.90
-- clause: 国家职业病防治规划（2021—2025年）：尘肺病患者集中乡镇康复服务覆盖率≥90%（凭记忆，未核实）
-- calendar: 读数日 | on the reading date
-- strata: township
-- numerator: 其中至读数日有患者在康复站点的乡镇 | those in which a patient is at a rehabilitation station by the reading date
-- denominator: 存活尘肺病患者10人及以上的乡镇（10人为建议值） | townships with 10 or more living patients with pneumoconiosis (10 is a proposal)
-- flow: state
-- place: own
-- headline: townships
-- variants: townships
-- variant_townships: 乡镇、街道 | townships
WITH
    stations AS
    (
        SELECT township_code::String AS township, min(visit_date) AS since, groupArray(concat('follow_up:', toString(batch), ':', toString(row))) AS visits
        FROM stg_follow_up
        WHERE rehab NOT IN ('', '无', '否', '/')
        GROUP BY township
    ),
    patients AS
    (
        SELECT as_of_date, if(dim_patient.area != '', dim_patient.area, dim_employer.area) AS place, count() AS n
        FROM dim_patient
        CROSS JOIN dim_reading
        LEFT JOIN dim_employer ON dim_employer.employer_key = dim_patient.employer_key
        WHERE is_pneumoconiosis AND known_from <= as_of_date AND (died IS NULL OR died > as_of_date)
        GROUP BY as_of_date, place
        HAVING n >= 10 AND place IN (SELECT township FROM dim_township)
    )
SELECT
    'townships' AS variant, '' AS employer_key, as_of_date AS day, place AS entity, place AS area,
    stations.township != '' AND since <= as_of_date AS numerator, 1 AS denominator, 0 AS missing, visits AS lines
FROM patients
LEFT JOIN stations ON stations.township = patients.place
