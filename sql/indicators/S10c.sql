-- id: S10c
-- version: 2
-- position: 162
-- set: standard
-- title: 年剂量分布 | Distribution of annual doses
-- unit: share
-- direction: up
-- clause: 监测指标 S10c：各年剂量段人数/监测人数
-- calendar: 监测周期末所在年 | year in which the monitoring periods end
-- strata: township, industry, size
-- numerator: 年剂量在该段的放射工作人员 | radiation workers with an annual dose in the band
-- denominator: 有剂量结果的放射工作人员 | radiation workers with a dose
-- flow: sum
-- periods: year
-- headline: to_1
-- variants: to_1, below_mdl, from_1_to_5, from_5_to_15, from_15_to_20, from_20_to_50, above_50
-- variant_to_1: 不超过1 mSv（含低于探测水平） | up to 1 mSv, those below the detection level included
-- variant_below_mdl: 全部低于探测水平 | all readings below the detection level
-- variant_from_1_to_5: 1至5 mSv | above 1 up to 5 mSv
-- variant_from_5_to_15: 5至15 mSv | above 5 up to 15 mSv
-- variant_from_15_to_20: 15至20 mSv | above 15 up to 20 mSv
-- variant_from_20_to_50: 20至50 mSv | above 20 up to 50 mSv
-- variant_above_50: 超过50 mSv | above 50 mSv
SELECT band.1 AS variant, employer_key, last_day AS day, person AS entity, assumeNotNull(band.2) AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM fct_dose_person_year
ARRAY JOIN [
    ('to_1',          dose_msv <= 1),
    ('below_mdl',     NOT is_measurable),
    ('from_1_to_5',   dose_msv > 1 AND dose_msv <= 5),
    ('from_5_to_15',  dose_msv > 5 AND dose_msv <= 15),
    ('from_15_to_20', dose_msv > 15 AND dose_msv <= 20),
    ('from_20_to_50', dose_msv > 20 AND dose_msv <= 50),
    ('above_50',      dose_msv > 50)] AS band
WHERE dose_msv IS NOT NULL
