-- id: dose_over_level_by_unit_kind
-- version: 1
-- title: 各类放射单位剂量超调查水平 | Doses over the investigation level by kind of radiation unit
-- stream: dose
-- date: period_end
-- strata: kind of radiation unit
-- population: monitoring periods that end in the week
-- delay: report_date
-- direction: up
-- methods: auto
-- source: rule D01: 5 mSv a year in proportion to the length of the period (GBZ 128-2019)
SELECT
    if(unit_kind = '', 'unknown', unit_kind::String)                        AS stratum,
    multiIf(unit_kind = 'medical', '医疗机构', unit_kind = 'non_medical', '非医疗单位', stratum) AS name_zh,
    stratum                                                                 AS name_en,
    {city:String}                                                           AS area,
    period_end::Nullable(Date32)                                            AS event_date,
    report_date::Nullable(Date32)                                           AS known_date,
    ifNull(dose_msv > 5 * (dateDiff('day', period_start, period_end) + 1) / 365, false) AS n,
    1 AS population,
    if(n, evidence, [])                                                     AS lines
FROM fct_dose_period
