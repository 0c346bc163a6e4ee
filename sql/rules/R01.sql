-- id: R01
-- version: 2
-- title: 急性职业中毒事件 | Acute occupational poisoning
-- message: {object}：{start}起发生急性职业中毒，发病{ill}人、死亡{dead}人（{what}），须{hours}小时内报告
--   | {object}: acute occupational poisoning from {start} on, {ill} ill and {dead} dead ({what}); to be reported within {hours} hours
-- severity: red
-- addressee: WJW, JDS, CDC, TS
-- due: 1 day
-- life: event
-- source: memory: event reporting rules, 1 case at one place within 24 hours, report within 2 hours
-- budget: exempt
-- params: cases = 1, report_hours = 2, lookback_days = 90
-- An event of kind poisoning, or acute poisoning cards of one employer on neighbouring days. The due time knows whole days only: the
-- hours stand in the message, and in the deadlines of the group event that is opened from it.
SELECT
    if(e.employer_key = '', 'event', 'employer')                                 AS object_kind,
    if(e.employer_key = '', e.event, e.employer_key)                             AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name, e.employer_name != '', e.employer_name, e.event) AS object_name,
    multiIf(dim_employer.area != '', dim_employer.area, e.township IN (SELECT township FROM dim_township), e.township, 'unassigned') AS area,
    'red'                                                                        AS severity,
    e.event                                                                      AS cause,
    toFloat64(ill) + 10 * dead                                                   AS score,
    map('ill', toString(ill), 'dead', toString(dead), 'start', toString(e.start_date), 'event', event, 'hours', toString({report_hours:Int32}),
        'what', multiIf(dim_hazard.name_zh != '', dim_hazard.name_zh, dim_disease.name_zh != '', dim_disease.name_zh, agent),
        'what_en', multiIf(dim_hazard.name_en != '', dim_hazard.name_en, dim_disease.name_en != '', dim_disease.name_en, agent))  AS args,
    arraySlice(e.lines, 1, 20)                                                   AS evidence,
    length(e.lines)                                                              AS n_evidence
FROM fct_acute_event AS e
LEFT JOIN dim_employer ON dim_employer.employer_key = e.employer_key
LEFT JOIN dim_hazard ON dim_hazard.hazard = e.agent
LEFT JOIN dim_disease ON dim_disease.disease = e.agent
WHERE known_date <= {week_end:Date32} AND known_date > addDays({week_end:Date32}, -{lookback_days:Int32})
    AND e.kind = 'poisoning' AND (ill >= {cases:Int32} OR dead > 0)
