-- id: S12
-- version: 1
-- position: 180
-- set: standard
-- title: 职业病患者随访覆盖率 | Patients followed up in the year
-- unit: share
-- direction: up
-- clause: 监测指标 S12：当年至少完成一次随访的存活患者数/存活患者数；意见第9条“一人一档一卡、随访调查”
-- calendar: 读数日所在日历年，至读数日 | in the calendar year of the reading date, up to it
-- strata: township, industry, size
-- numerator: 当年至少见到本人一次（随访结果为存活）的患者；失访、拒访、迁出不计入 | patients met at least once in the year (result alive); lost, refused and moved don't count
-- denominator: 读数日已知且未确认死亡的职业病患者（失访者仍计入） | patients known on the reading date whose death is not confirmed, lost ones included
-- flow: state
-- place: own
-- headline: all
-- variants: all, pneumoconiosis
-- variant_all: 全部职业病患者 | all patients
-- variant_pneumoconiosis: 尘肺病患者 | patients with pneumoconiosis
SELECT
    variant, employer_key, as_of_date AS day, toString(person_key) AS entity, area,
    arrayExists(v -> v.is_met AND v.day <= as_of_date AND toYear(v.day) = toYear(as_of_date), visits) AS numerator,
    1 AS denominator, 0 AS missing, lines
FROM dim_patient
CROSS JOIN dim_reading
ARRAY JOIN if(is_pneumoconiosis, ['all', 'pneumoconiosis'], ['all']) AS variant
WHERE known_from <= as_of_date AND (died IS NULL OR died > as_of_date)
