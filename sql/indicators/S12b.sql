-- id: S12b
-- version: 1
-- position: 181
-- set: standard
-- title: 一人一档一卡建档率 | Patients with a file and a card
-- unit: share
-- direction: up
-- clause: 监测指标 S12b：已建档立卡的存活患者数/存活患者数；意见第9条“一人一档一卡”
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 读数日前已有建档卡号的患者 | patients with a card number of their file by the reading date
-- denominator: 读数日已知且未确认死亡的职业病患者 | patients known on the reading date whose death is not confirmed
-- flow: state
-- place: own
-- headline: all
-- variants: all, pneumoconiosis
-- variant_all: 全部职业病患者 | all patients
-- variant_pneumoconiosis: 尘肺病患者 | patients with pneumoconiosis
SELECT
    variant, employer_key, as_of_date AS day, toString(person_key) AS entity, area,
    ifNull(filed_from <= as_of_date, false) AS numerator, 1 AS denominator, 0 AS missing, lines
FROM dim_patient
CROSS JOIN dim_reading
ARRAY JOIN if(is_pneumoconiosis, ['all', 'pneumoconiosis'], ['all']) AS variant
WHERE known_from <= as_of_date AND (died IS NULL OR died > as_of_date)
