-- id: detection_volume_by_institution
-- version: 2
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
    toDate32(toMonday(sample_date))::Nullable(Date32)                      AS event_date,
    toDate32(toMonday(coalesce(submit_date, issue_date, sample_date)))::Nullable(Date32) AS known_date,
    count() AS n, 0 AS population, [concat('detection:', toString(min((batch, row)).1), ':', toString(min((batch, row)).2))] AS lines
FROM stg_detection
GROUP BY stratum, event_date, known_date
