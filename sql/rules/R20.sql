-- id: R20
-- version: 1
-- title: 群体早期健康效应 | Early effects in a group
-- message: {object}：近{months}个月{what}{n}/{of}人（{share}%）
--   | {object}: {what} in {n} of {of} workers ({share} %) in {months} months
-- severity: orange
-- addressee: CDC, EMP
-- due: 15 days
-- life: state
-- source: proposal (rules.md B); reference shares found: high-frequency hearing 10.6 %, leucocytes 1.8 %; blood lead 1.9 umol/L from GBZ 188-2025 5.1
-- params: months = 12, hearing_db = 40, hearing_percent = 20, wbc = 4, wbc_percent = 5, lead_umol = 1.9, min_persons = 10
-- The last exam of each worker in the months, by key items. Hearing of workers examined for noise: above hearing_percent, or the share rising
-- from year to year three times (min_persons in each year). Leucocytes of workers examined for benzene. Blood lead: any worker at the
-- level; the share of the group is in the message.
WITH
    {week_end:Date32} AS day,
    measured AS
    (
        SELECT
            employer_key, person_key, exam_date, line, reading.1 AS cause, reading.2 AS is_hit,
            toInt32(ceil(dateDiff('month', exam_date, day) / {months:Int32})) AS years_back
        FROM fct_key_item
        ARRAY JOIN arrayFilter(r -> r.3, [
            ('hearing', ifNull(high_frequency_db >= {hearing_db:Float64}, false), high_frequency_db IS NOT NULL AND has(hazards, 'HZ-3-001')),
            ('wbc', ifNull(wbc < {wbc:Float64}, false), wbc IS NOT NULL AND has(hazards, 'HZ-2-028')),
            ('lead', ifNull(blood_lead >= {lead_umol:Float64}, false), blood_lead IS NOT NULL)]) AS reading
        WHERE exam_date <= day AND exam_date > addMonths(day, -3 * {months:Int32})
    ),
    yearly AS
    (
        SELECT
            employer_key, cause, intDiv(dateDiff('day', exam_date, day) * 12, 365 * {months:Int32}) AS back,
            uniqExact(person_key) AS persons, uniqExactIf(person_key, is_hit) AS hits, arraySort(groupArrayIf(20)(line, is_hit)) AS lines
        FROM measured
        WHERE back < 3
        GROUP BY employer_key, cause, back
    ),
    groups AS
    (
        SELECT
            employer_key AS employer, cause, sumIf(persons, back = 0) AS n_of, sumIf(hits, back = 0) AS n_hit,
            anyIf(lines, back = 0) AS hit_lines, n_hit / n_of AS share_hit,
            arrayMap(r -> r.2 / r.3, arraySort(groupArray((-toInt32(back), hits, persons)))) AS shares,
            length(shares) = 3 AND min(persons) >= {min_persons:UInt32} AND shares[1] < shares[2] AND shares[2] < shares[3] AS is_rising
        FROM yearly
        GROUP BY employer_key, cause
    )
SELECT
    'employer'                                                                   AS object_kind,
    groups.employer                                                                          AS object,
    if(dim_employer.employer_name = '', groups.employer, dim_employer.employer_name)         AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    groups.cause                                                                 AS cause,
    share_hit                                                                    AS score,
    map('n', toString(n_hit), 'of', toString(n_of), 'share', toString(round(100 * share_hit, 1)), 'months', toString({months:Int32}),
        'what', multiIf(cause = 'hearing', if(is_rising, '高频听阈升高（连续三年上升）', '高频听阈升高'), cause = 'wbc', '苯作业人员白细胞偏低', '血铅达到观察水平'),
        'what_en', multiIf(cause = 'hearing', if(is_rising, 'raised high-frequency hearing thresholds (rising three years)', 'raised high-frequency hearing thresholds'),
            cause = 'wbc', 'low leucocytes among benzene workers', 'blood lead at the level of notice')) AS args,
    hit_lines                                                                    AS evidence,
    toUInt64(n_hit)                                                              AS n_evidence
FROM groups
LEFT JOIN dim_employer ON dim_employer.employer_key = groups.employer
WHERE n_hit > 0 AND multiIf(
    groups.cause = 'hearing', (n_of >= {min_persons:UInt32} AND share_hit * 100 > {hearing_percent:Float64}) OR is_rising,
    groups.cause = 'wbc', n_of >= {min_persons:UInt32} AND share_hit * 100 > {wbc_percent:Float64}, true)
