-- name: event_data
-- title: Acute events as the loaded data have them, the newest first
SELECT
    e.event AS event, e.kind AS kind, e.start_date AS start_date, e.known_date AS known_date, e.employer_key AS employer_key,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name, e.employer_name) AS employer_name,
    multiIf(dim_employer.area != '', dim_employer.area, e.township IN (SELECT township FROM dim_township), e.township, 'unassigned') AS area,
    multiIf(dim_hazard.name_zh != '', dim_hazard.name_zh, dim_disease.name_zh != '', dim_disease.name_zh, e.agent) AS agent_zh,
    multiIf(dim_hazard.name_en != '', dim_hazard.name_en, dim_disease.name_en != '', dim_disease.name_en, e.agent) AS agent_en,
    e.agent AS agent, e.ill AS ill, e.dead AS dead, e.stated AS stated, e.lines AS lines
FROM fct_acute_event AS e
LEFT JOIN dim_employer ON dim_employer.employer_key = e.employer_key
LEFT JOIN dim_hazard ON dim_hazard.hazard = e.agent
LEFT JOIN dim_disease ON dim_disease.disease = e.agent
ORDER BY e.known_date DESC, e.event
