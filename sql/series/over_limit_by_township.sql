-- id: over_limit_by_township
-- version: 1
-- title: 各乡镇检测结果超标 | Detection results over the limit by township
-- stream: detection
-- date: sample_date
-- strata: township
-- population: results judged in the week
-- delay: issue_date
-- direction: up
-- methods: volume
-- source: judged anew (fct_detection_result); results of one report come together, so that counts vary more than Poisson counts
WITH results AS
(
    SELECT
        if(dim_employer.area = '', 'unassigned', dim_employer.area)         AS township,
        sample_date, ifNull(issue_date, sample_date)                        AS known,
        countIf(is_over)                                                    AS over,
        count()                                                             AS judged,
        arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), groupArrayIf((batch, row), is_over)) AS lines
    FROM fct_detection_result
    LEFT JOIN dim_employer ON dim_employer.employer_key = fct_detection_result.employer_key
    GROUP BY township, sample_date, known
)
SELECT
    arrayJoin([results.township, {city:String}])                            AS stratum,
    multiIf(stratum = {city:String}, '全市', stratum = 'unassigned', '未归属乡镇', dim_township.name_zh)         AS name_zh,
    multiIf(stratum = {city:String}, 'the whole city', stratum = 'unassigned', 'unassigned', dim_township.name_en) AS name_en,
    stratum                                                                 AS area,
    sample_date::Nullable(Date32)                                           AS event_date,
    known::Nullable(Date32)                                                 AS known_date,
    over AS n, judged AS population, lines
FROM results
LEFT JOIN dim_township ON dim_township.township = results.township
