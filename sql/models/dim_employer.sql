-- name: dim_employer
-- title: 用人单位（含发现的未建档单位） | Employers, those found outside the roster included
-- grain: one row per employer: on the roster, or found by an exam or a detection report
-- order: employer_key
-- by_employer_key: stg_employer; stg_declaration; stg_detection; stg_exam = if(using_key = '', employer_key, using_key)
-- Place, industry, size and state come from the lowest workplace number, head counts are sums. An employer
-- that is not on the roster has no place, counts as key industry, and begins on the day of its first event.
WITH
    roster AS
    (
        SELECT
            stg_employer.employer_key::String          AS employer_key,
            argMin(employer_name, workplace_no)          AS name,
            argMin(township_code::String, workplace_no)          AS township,
            argMin(industry_code::String, workplace_no)          AS industry,
            argMin(size_class::String, workplace_no)             AS size,
            sum(employees)                               AS n_employees,
            sum(exposed_total)                           AS n_exposed,
            argMin(risk_class::String, workplace_no)             AS roster_risk,
            argMin(tuple(head_key), workplace_no).1      AS head,
            arrayDistinct(arrayFlatten(groupArray(manager_keys))) AS managers,
            argMin(tuple(start_date), workplace_no).1    AS starts,
            argMin(tuple(close_date), workplace_no).1    AS closes,
            argMin(status::String, workplace_no)                 AS state
        FROM stg_employer
        GROUP BY employer_key
    ),
    events AS
    (
        SELECT
            'examined'                                                          AS kind,
            if(using_key = '', stg_exam.employer_key::String, using_key::String) AS employer_key,
            max(employer_name)::String                                        AS name,
            min(exam_date)                                                      AS first_day,
            max(notEmpty(hazards_exposed) OR notEmpty(hazards_examined))        AS has_hazards
        FROM stg_exam
        GROUP BY employer_key
        UNION ALL
        SELECT 'tested', employer_key::String, max(employer_name)::String, min(sample_date), true
        FROM stg_detection
        GROUP BY employer_key
        UNION ALL
        SELECT 'declared', employer_key::String, '', min(accept_date), true
        FROM stg_declaration
        GROUP BY employer_key
    ),
    seen AS
    (
        SELECT
            employer_key,
            max(name)                              AS seen_name,
            minIf(first_day, kind != 'declared')   AS first_date,
            countIf(kind != 'declared')            AS n_found,
            max(has_hazards)                       AS hazard_seen
        FROM events
        GROUP BY employer_key
    ),
    both AS
    (
        SELECT
            seen.employer_key AS employer_key, seen_name, first_date, n_found, hazard_seen, roster.*
        FROM (SELECT employer_key AS roster_key, * EXCEPT employer_key FROM roster) AS roster
        FULL JOIN seen ON seen.employer_key = roster.roster_key
    ),
    (SELECT groupArray(prefix) FROM ref_key_industry) AS key_prefixes,
    (SELECT groupArray(key_group_zh) FROM ref_key_industry) AS key_groups,
    (SELECT groupArray(gbt4754_code) FROM ref_hazard_risk_by_industry) AS risk_prefixes,
    (SELECT groupArray(risk_class_zh) FROM ref_hazard_risk_by_industry) AS risk_classes,
    indexOf(key_prefixes, arrayReduce('argMax', arrayFilter(p -> startsWith(industry, p), key_prefixes),
        arrayMap(p -> length(p), arrayFilter(p -> startsWith(industry, p), key_prefixes)))) AS key_index,
    indexOf(risk_prefixes, arrayReduce('argMax', arrayFilter(p -> startsWith(industry, p), risk_prefixes),
        arrayMap(p -> length(p), arrayFilter(p -> startsWith(industry, p), risk_prefixes)))) AS risk_index
SELECT
    if(roster_key != '', roster_key::String, both.employer_key::String)          AS employer_key,
    if(roster_key != '', name, seen_name)                                            AS employer_name,
    roster_key = ''                                                                  AS is_discovered,
    if(township::String IN (SELECT township FROM dim_township), township::String, 'unassigned') AS area,
    industry::String                                                               AS industry_code,
    if(industry = '', 'unknown', substring(industry, 1, 3))                          AS division,
    if(key_index > 0, key_groups[key_index], '')                                     AS key_group,
    is_discovered OR industry = '' OR key_index > 0                                  AS is_key,
    if(size = '', 'unknown', size::String)                                         AS size_class,
    toUInt32(n_employees)                                                            AS employees,
    toUInt32(n_exposed)                                                              AS exposed_total,
    multiIf(roster_risk = 'severe' OR (roster_risk = '' AND risk_index > 0 AND risk_classes[risk_index] = '严重'),
        'severe', 'general')                                                         AS risk_class,
    if(risk_class = 'severe', 12, 36)                                                AS test_months,
    head                                                                             AS head_key,
    managers                                                                         AS manager_keys,
    if(is_discovered, first_date, starts)                                            AS start_date,
    closes                                                                           AS close_date,
    if(is_discovered, 'active', state::String)                                     AS status,
    n_exposed > 0 OR hazard_seen                                                     AS has_hazard,
    [('', '', {city:String}), ('township', area, area), ('industry', division, {city:String}),
     ('size', size_class, {city:String})]::Array(Tuple(dim String, dim_value String, area String)) AS strata
FROM both
WHERE roster_key != '' OR (n_found > 0 AND both.employer_key != '' AND NOT startsWith(both.employer_key, 'name:'))
