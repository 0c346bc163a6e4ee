-- id: exam_volume_by_institution
-- version: 2
-- title: 各机构体检量 | Examinations by institution
-- stream: exam
-- date: exam_date
-- strata: institution
-- population: none
-- delay: upload_date
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
    toDate32(toMonday(exam_date))::Nullable(Date32)                        AS event_date,
    toDate32(toMonday(coalesce(upload_date, report_date, exam_date)))::Nullable(Date32) AS known_date,
    count() AS n, 0 AS population, [concat('exam:', toString(min((batch, row)).1), ':', toString(min((batch, row)).2))] AS lines
FROM stg_exam
GROUP BY stratum, event_date, known_date
