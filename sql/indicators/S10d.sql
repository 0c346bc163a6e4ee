-- id: S10d
-- version: 1
-- position: 165
-- set: standard
-- title: 五年累计有效剂量超限与关注 | Doses added up over the fixed five years
-- unit: share
-- unit_mean: mean
-- unit_largest: max
-- direction: down
-- clause: 监测指标 S10d：固定五年内累计有效剂量>100 mSv为超限（GB 18871-2002），>80 mSv为关注（建议值）
-- calendar: 监测周期末所在年，累计自五年期首年 | year in which the monitoring periods end, added up from the first year of its block of five
-- strata: township, industry, size
-- numerator: 五年期内至当年累计超过100 mSv的放射工作人员 | radiation workers above 100 mSv in the block of five years up to the year
-- denominator: 当年有剂量结果的放射工作人员 | radiation workers with a dose in the year
-- flow: sum
-- periods: year
-- headline: over_100
-- variants: over_100, watch_80, mean, largest
-- variant_over_100: 累计超过100 mSv | more than 100 mSv
-- variant_watch_80: 累计超过80 mSv | more than 80 mSv
-- variant_mean: 平均累计剂量（mSv） | mean of the sums (mSv)
-- variant_largest: 最大累计剂量（mSv） | largest sum (mSv)
-- Doses at several units add up. The blocks are those of the configuration (2001 to 2005 and so on).
SELECT
    part.1 AS variant, employer_key, last_day AS day, person AS entity, part.2 AS numerator, 1 AS denominator, 0 AS missing, evidence AS lines
FROM
(
    SELECT
        employer_key, last_day, person, evidence,
        sum(assumeNotNull(dose_msv)) OVER (PARTITION BY person, toInt32(floor((toInt32(year) - {first_block:Int32}) / 5)) ORDER BY year
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS five_years
    FROM fct_dose_person_year
    WHERE dose_msv IS NOT NULL
)
ARRAY JOIN [('over_100', toFloat64(five_years > 100)), ('watch_80', toFloat64(five_years > 80)), ('mean', five_years), ('largest', five_years)] AS part
