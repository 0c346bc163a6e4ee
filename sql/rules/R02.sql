-- id: R02
-- version: 2
-- title: 急性职业病事件分级 | Grade of an acute event
-- message: {object}：{start}的事件为{grade}级，发病{ill}人、死亡{dead}人（{what}）
--   | {object}: event of {start}, grade {grade}: {ill} ill, {dead} dead ({what})
-- severity: red
-- addressee: WJW, JDS, CDC, TS, GOV
-- due: 1 day
-- life: event
-- source: I memory (decided by the national authority), II memory, III found (10 to 49 ill or up to 4 deaths), IV memory
-- budget: exempt
-- params: ill_ii = 50, dead_ii = 5, ill_iii = 10, dead_iii = 1, lookback_days = 90
-- All acute events, graded by their numbers or by the more serious grade that the sender states. Group events are graded by the same
-- parameters. The city government (GOV) is told from grade
-- III on; the prefecture (Zhengzhou) is told by it, no addressee of ours. The grade is the cause: an event that grows is a new warning.
WITH
    multiIf(ill >= {ill_ii:Int32} OR dead >= {dead_ii:Int32}, 2, ill >= {ill_iii:Int32} OR dead >= {dead_iii:Int32}, 3, 4) AS counted,
    if(stated BETWEEN 1 AND 4, least(stated, counted), counted)                  AS grade
SELECT
    if(e.employer_key = '', 'event', 'employer')                                 AS object_kind,
    if(e.employer_key = '', e.event, e.employer_key)                             AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name, e.employer_name != '', e.employer_name, e.event) AS object_name,
    multiIf(dim_employer.area != '', dim_employer.area, e.township IN (SELECT township FROM dim_township), e.township, 'unassigned') AS area,
    'red'                                                                        AS severity,
    concat(e.event, ':', toString(grade))                                        AS cause,
    toFloat64(ill) + 10 * dead + 1000 * (4 - grade)                              AS score,
    map('ill', toString(ill), 'dead', toString(dead), 'start', toString(e.start_date), 'event', event, 'grade', ['I', 'II', 'III', 'IV'][grade],
        'what', multiIf(dim_hazard.name_zh != '', dim_hazard.name_zh, dim_disease.name_zh != '', dim_disease.name_zh, agent),
        'what_en', multiIf(dim_hazard.name_en != '', dim_hazard.name_en, dim_disease.name_en != '', dim_disease.name_en, agent),
        'addressee', if(grade <= 3, 'WJW, JDS, CDC, TS, GOV', 'WJW, JDS, CDC, TS'))     AS args,
    arraySlice(e.lines, 1, 20)                                                   AS evidence,
    length(e.lines)                                                              AS n_evidence
FROM fct_acute_event AS e
LEFT JOIN dim_employer ON dim_employer.employer_key = e.employer_key
LEFT JOIN dim_hazard ON dim_hazard.hazard = e.agent
LEFT JOIN dim_disease ON dim_disease.disease = e.agent
WHERE known_date <= {week_end:Date32} AND known_date > addDays({week_end:Date32}, -{lookback_days:Int32})
    AND (ill > 0 OR dead > 0)
