-- id: exam_findings_by_cell
-- version: 1
-- title: 乡镇×行业×危害因素体检疑似检出 | Suspected findings of examinations by township, industry and hazard
-- stream: exam
-- date: exam_date
-- strata: township, industry, hazard
-- population: examinations for the hazard in the week
-- delay: upload_date
-- direction: up
-- methods: window_test
-- begins: stratum
-- params: window = 4, pool = 1, baseline = 104, years = 1
-- source: rule R19: findings against the expected (proposal)
WITH exams AS
(
    SELECT
        if(dim_employer.area = '', 'unassigned', dim_employer.area)         AS township,
        if(dim_employer.division = '', 'unknown', dim_employer.division)    AS industry,
        agent, toDate32(toMonday(exam_date)) AS week, toDate32(toMonday(coalesce(upload_date, report_date, exam_date))) AS known_week,
        if(indexOf(conclusion_hazard, agent) > 0, conclusion[indexOf(conclusion_hazard, agent)], conclusion_overall) = 'suspect' AS is_found,
        count()                                                             AS examined,
        arrayMap(l -> concat('exam:', toString(l.1), ':', toString(l.2)), groupArrayIf((batch, row), is_found)) AS lines
    FROM stg_exam
    ARRAY JOIN arrayDistinct(hazards_examined) AS agent
    LEFT JOIN dim_employer ON dim_employer.employer_key = if(using_key = '', stg_exam.employer_key::String, using_key::String)
    WHERE NOT is_reexam
    GROUP BY township, industry, agent, week, known_week, is_found
)
SELECT
    concat(exams.township, '|', exams.industry, '|', exams.agent)           AS stratum,
    concat(if(dim_township.name_zh = '', '未归属乡镇', dim_township.name_zh), ' · ',
        if(ref_industries.name_zh = '', '行业不明', ref_industries.name_zh), ' · ', dim_hazard.name_zh) AS name_zh,
    concat(if(dim_township.name_en = '', 'unassigned', dim_township.name_en), ' · ',
        if(ref_industries.name_en = '', 'industry unknown', ref_industries.name_en), ' · ', dim_hazard.name_en) AS name_en,
    exams.township                                                          AS area,
    week::Nullable(Date32)                                                  AS event_date,
    known_week::Nullable(Date32)                                            AS known_date,
    if(is_found, examined, 0) AS n, examined AS population, lines
FROM exams
LEFT JOIN dim_township ON dim_township.township = exams.township
LEFT JOIN ref_industries ON ref_industries.code = exams.industry
LEFT JOIN dim_hazard ON dim_hazard.hazard = exams.agent
