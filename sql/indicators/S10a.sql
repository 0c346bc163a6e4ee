-- id: S10a
-- version: 2
-- position: 160
-- set: standard
-- title: 放射工作人员人均年有效剂量（mSv） | Mean annual effective dose of radiation workers (mSv)
-- unit: mean
-- direction: down
-- clause: 监测指标 S10a：年有效剂量之和/监测人数（mSv）
-- calendar: 监测周期末所在年 | year in which the monitoring periods end
-- strata: township, industry, size
-- numerator: 年有效剂量之和（mSv） | sum of annual effective doses (mSv)
-- denominator: 有剂量结果的放射工作人员 | radiation workers with a dose
-- flow: total
-- periods: year
-- headline: all
-- variants: all, measurable
-- variant_all: 全部监测人员 | all monitored workers
-- variant_measurable: 有可测剂量的人员 | workers with a measurable dose
SELECT
    reading AS variant, employer_key, last_day AS day, person AS entity, assumeNotNull(dose_msv) AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM fct_dose_person_year
ARRAY JOIN if(is_measurable, ['all', 'measurable'], ['all']) AS reading
WHERE dose_msv IS NOT NULL
