-- id: S10e
-- version: 1
-- position: 163
-- set: standard
-- title: 调查水平事件数 | Periods above the investigation level
-- unit: count
-- direction: down
-- clause: 监测指标 S10e：周期剂量超过5 mSv/年按周期折算值的次数（GBZ 128-2019，凭记忆，未核实）
-- calendar: 监测周期末 | end of the monitoring period
-- strata: township, industry, size
-- numerator: 剂量超过5 mSv/年折算值的监测周期 | monitoring periods with a dose above their part of 5 mSv a year
-- denominator: 无（计数） | none, a count
-- flow: sum
-- headline: periods
-- variants: periods
-- variant_periods: 超过调查水平的监测周期 | monitoring periods above the level
SELECT
    'periods' AS variant, employer_key, period_end AS day, worker_no AS entity,
    ifNull(dose_msv > 5 / greatest(1, round(365 / (dateDiff('day', period_start, period_end) + 1))), false) AS numerator,
    NULL::Nullable(Float64) AS denominator, dose_msv IS NULL AS missing, evidence AS lines
FROM fct_dose_period
