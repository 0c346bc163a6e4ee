-- id: detection_volume_by_institution
-- version: 1
-- title: 各机构检测结果量 | Detection results by institution
-- stream: detection
-- date: sample_date
-- strata: institution
-- population: none
-- delay: submit_date
-- direction: both
-- methods: auto
-- begins: stratum
-- params: baseline = 104, alpha = 0.001
-- source: rule R40: volume; too few is silence (proposal)
SELECT
    institution_code::String                                                AS stratum,
    max(institution_name)::String                                           AS name_zh,
    name_zh                                                                 AS name_en,
    {city:String}                                                           AS area,
    sample_date::Nullable(Date32)                                           AS event_date,
    coalesce(submit_date, issue_date, sample_date)::Nullable(Date32)        AS known_date,
    count() AS n, 0 AS population, [] AS lines
FROM stg_detection
GROUP BY stratum, event_date, known_date
