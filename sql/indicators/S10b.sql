-- id: S10b
-- version: 2
-- position: 161
-- set: standard
-- title: 集体有效剂量（人·mSv） | Collective effective dose (person-mSv)
-- unit: sum
-- direction: down
-- clause: 监测指标 S10b：年有效剂量之和（人·mSv）
-- calendar: 监测周期末所在年 | year in which the monitoring periods end
-- strata: township, industry, size
-- numerator: 年有效剂量之和（人·mSv） | sum of annual effective doses (person-mSv)
-- denominator: 无（总量） | none, a sum
-- flow: sum
-- periods: year
-- headline: all
-- variants: all
-- variant_all: 全部监测人员 | all monitored workers
SELECT 'all' AS variant, employer_key, last_day AS day, person AS entity, assumeNotNull(dose_msv) AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM fct_dose_person_year
WHERE dose_msv IS NOT NULL
