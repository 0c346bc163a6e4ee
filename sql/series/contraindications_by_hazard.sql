-- id: contraindications_by_hazard
-- version: 1
-- title: 各危害因素职业禁忌证检出 | Contraindications by hazard
-- stream: exam
-- date: exam_date
-- strata: hazard
-- population: examinations for the hazard in the week
-- delay: upload_date
-- direction: up
-- methods: volume
-- source: conclusion for the hazard; re-examinations are not counted again; findings come with the examinations of an employer, so that counts vary more than Poisson counts
WITH exams AS
(
    SELECT
        agent, toDate32(toMonday(exam_date)) AS week, toDate32(toMonday(coalesce(upload_date, report_date, exam_date))) AS known_week,
        if(indexOf(conclusion_hazard, agent) > 0, conclusion[indexOf(conclusion_hazard, agent)], conclusion_overall) = 'contra' AS is_found,
        count()                                                             AS examined,
        arrayMap(l -> concat('exam:', toString(l.1), ':', toString(l.2)), groupArrayIf((batch, row), is_found)) AS lines
    FROM stg_exam
    ARRAY JOIN arrayDistinct(hazards_examined) AS agent
    WHERE NOT is_reexam
    GROUP BY agent, week, known_week, is_found
)
SELECT
    agent                                                                   AS stratum,
    dim_hazard.name_zh                                                      AS name_zh,
    dim_hazard.name_en                                                      AS name_en,
    {city:String}                                                           AS area,
    week::Nullable(Date32)                                                  AS event_date,
    known_week::Nullable(Date32)                                            AS known_date,
    if(is_found, examined, 0) AS n, examined AS population, lines
FROM exams
LEFT JOIN dim_hazard ON dim_hazard.hazard = agent
