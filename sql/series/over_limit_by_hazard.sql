-- id: over_limit_by_hazard
-- version: 1
-- title: 各危害因素检测结果超标 | Detection results over the limit by hazard
-- stream: detection
-- date: sample_date
-- strata: hazard
-- population: results judged in the week
-- delay: issue_date
-- direction: up
-- methods: volume
-- source: judged anew (fct_detection_result); results of one report come together, so that counts vary more than Poisson counts
WITH results AS
(
    SELECT
        hazard::String AS agent, sample_date, ifNull(issue_date, sample_date) AS known,
        countIf(is_over)                                                    AS over,
        count()                                                             AS judged,
        arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), groupArrayIf((batch, row), is_over)) AS lines
    FROM fct_detection_result
    GROUP BY agent, sample_date, known
)
SELECT
    if(agent = '', 'open', agent)                                           AS stratum,
    if(dim_hazard.name_zh = '', '未匹配因素', dim_hazard.name_zh)            AS name_zh,
    if(dim_hazard.name_en = '', 'hazard not matched', dim_hazard.name_en)   AS name_en,
    {city:String}                                                           AS area,
    sample_date::Nullable(Date32)                                           AS event_date,
    known::Nullable(Date32)                                                 AS known_date,
    over AS n, judged AS population, lines
FROM results
LEFT JOIN dim_hazard ON dim_hazard.hazard = agent
