-- id: S10f
-- version: 1
-- position: 164
-- set: standard
-- title: 名义剂量与剂量计丢失 | Nominal doses and lost dosimeters
-- unit: share
-- direction: down
-- clause: 监测指标 S10f：名义剂量数/监测结果数、丢失损坏未交回数/应监测数
-- calendar: 监测周期末 | end of the monitoring period
-- strata: township, industry, size
-- numerator: 以名义剂量代替（或剂量计丢失）的监测周期 | monitoring periods with a nominal dose (or a lost dosimeter)
-- denominator: 全部监测周期 | all monitoring periods
-- flow: sum
-- headline: nominal
-- variants: nominal, lost
-- variant_nominal: 以名义剂量代替的监测周期 | periods with a nominal dose
-- variant_lost: 剂量计丢失、损坏、未交回、未佩戴的监测周期 | periods with a dosimeter lost, damaged, not returned or not worn
SELECT reading.1 AS variant, employer_key, period_end AS day, worker_no AS entity, reading.2 AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM fct_dose_period
ARRAY JOIN [('nominal', has_nominal), ('lost', is_lost)] AS reading
