-- id: R09
-- version: 1
-- title: 职业性中暑及高温季节前未检 | Heat illness, or heat-exposed workers unexamined before the season
-- message: {object}：{what}
--   | {object}: {what}
-- severity: orange
-- addressee: WJW, TS, EMP
-- due: 3 days
-- life: state
-- source: found: exam before the hot season; one case is enough. Days are proposals
-- params: season_start = 06-01, ahead_days = 45, season_days = 30, few_percent = 80, case_days = 90
-- Heat illness: each event with a case, shown for case_days. Season: from ahead_days before season_start to season_days behind it, employers
-- that declare workers in heat of whom less than few_percent were examined for heat since the season of the year before ended (1 October).
WITH
    {week_end:Date32} AS day,
    toDate32(concat(toString(toYear(day)), '-', {season_start:String})) AS starts,
    makeDate32(toYear(day) - 1, 10, 1) AS since,
    declared AS
    (
        SELECT employer_key, sum(most) AS workers
        FROM
        (
            SELECT employer_key, workshop, post, max(exposed) AS most FROM fct_declaration_state
            WHERE day BETWEEN valid_from AND valid_to AND hazard = 'HZ-3-002'
            GROUP BY employer_key, workshop, post
        )
        GROUP BY employer_key
        HAVING workers > 0
    ),
    examined AS
    (
        SELECT employer_key, uniqExact(person_key) AS persons
        FROM fct_exam_hazard
        WHERE hazard = 'HZ-3-002' AND exam_date BETWEEN since AND day
        GROUP BY employer_key
    ),
    found AS
    (
        SELECT
            if(employer_key = '', event, employer_key) AS object, employer_key, if(employer_name = '', event, employer_name) AS name, event AS cause,
            toFloat64(ill) AS score,
            concat('发生职业性中暑', toString(ill), '人（', toString(start_date), '）') AS what,
            concat('heat illness, ', toString(ill), ' cases (', toString(start_date), ')') AS what_en, lines
        FROM fct_acute_event
        WHERE kind = 'heat' AND ill > 0 AND known_date <= day AND known_date > addDays(day, -{case_days:Int32})
        UNION ALL
        SELECT
            d.employer_key, d.employer_key, '', concat('season:', toString(toYear(day))), toFloat64(workers) - least(workers, persons),
            concat('高温季节前应检', toString(workers), '人，已检', toString(persons), '人'),
            concat(toString(persons), ' of ', toString(workers), ' heat-exposed workers examined before the season'), line.lines
        FROM declared AS d
        LEFT JOIN examined ON examined.employer_key = d.employer_key
        LEFT JOIN
        (
            SELECT employer_key::String AS declarer, arraySort(groupArray(20)(concat('declaration:', toString(batch), ':', toString(row)))) AS lines
            FROM stg_declaration WHERE hazard = 'HZ-3-002' AND toYear(accept_date) >= toYear(day) - 1 AND accept_date <= day GROUP BY declarer
        ) AS line ON line.declarer = d.employer_key
        WHERE day BETWEEN addDays(starts, -{ahead_days:Int32}) AND addDays(starts, {season_days:Int32}) AND persons * 100 < workers * {few_percent:Float64}
    )
SELECT
    if(found.employer_key = '', 'event', 'employer')                             AS object_kind,
    found.object                                                                 AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name, found.name != '', found.name, found.object) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    found.cause                                                                  AS cause,
    found.score                                                                  AS score,
    map('what', found.what, 'what_en', found.what_en)                            AS args,
    arraySlice(found.lines, 1, 20)                                               AS evidence,
    length(found.lines)                                                          AS n_evidence
FROM found
LEFT JOIN dim_employer ON dim_employer.employer_key = found.employer_key
