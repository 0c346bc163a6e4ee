-- id: exam_suspected_by_township
-- version: 1
-- title: 各乡镇体检疑似职业病检出 | Suspected findings of examinations by township
-- stream: exam
-- date: exam_date
-- strata: township
-- population: examinations in the week
-- delay: upload_date
-- direction: up
-- methods: auto
-- source: overall conclusion; re-examinations are not counted again
WITH exams AS
(
    SELECT
        if(dim_employer.area = '', 'unassigned', dim_employer.area)         AS township,
        toDate32(toMonday(exam_date)) AS week, toDate32(toMonday(coalesce(upload_date, report_date, exam_date))) AS known_week,
        countIf(conclusion_overall = 'suspect')                            AS found,
        count()                                                             AS examined,
        arrayMap(l -> concat('exam:', toString(l.1), ':', toString(l.2)), groupArrayIf((batch, row), conclusion_overall = 'suspect')) AS lines
    FROM stg_exam
    LEFT JOIN dim_employer ON dim_employer.employer_key = if(using_key = '', stg_exam.employer_key::String, using_key::String)
    WHERE NOT is_reexam
    GROUP BY township, week, known_week
)
SELECT
    arrayJoin([exams.township, {city:String}])                              AS stratum,
    multiIf(stratum = {city:String}, '全市', stratum = 'unassigned', '未归属乡镇', dim_township.name_zh)         AS name_zh,
    multiIf(stratum = {city:String}, 'the whole city', stratum = 'unassigned', 'unassigned', dim_township.name_en) AS name_en,
    stratum                                                                 AS area,
    week::Nullable(Date32)                                                  AS event_date,
    known_week::Nullable(Date32)                                            AS known_date,
    found AS n, examined AS population, lines
FROM exams
LEFT JOIN dim_township ON dim_township.township = exams.township
