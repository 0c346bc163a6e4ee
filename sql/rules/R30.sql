-- id: R30
-- version: 1
-- title: 申报与检测的危害因素不一致 | Declared and tested hazards differ
-- message: {object}：{why}{n}种，如{what}
--   | {object}: {n} hazards {why}, such as {what}
-- severity: blue
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: points 5 and 12 of the source document
-- params: months = 36
-- Cause untested, hazards with a limit in the declaration in force that no report of the employer in the last months has, of employers that were tested at all.
-- Cause undeclared, hazards tested in the last months that no declaration of the employer has, of employers that declared at all.
WITH
    {week_end:Date32} AS day,
    declared AS
    (
        SELECT DISTINCT employer_key, hazard FROM fct_declaration_state WHERE day BETWEEN valid_from AND valid_to AND hazard != ''
    ),
    ever AS (SELECT DISTINCT employer_key::String AS employer, hazard::String AS factor FROM stg_declaration WHERE accept_date <= day),
    tested AS
    (
        SELECT employer_key::String AS employer, hazard::String AS factor, arraySort(groupArray(3)(concat('detection:', toString(batch), ':', toString(row)))) AS lines
        FROM stg_detection
        WHERE sample_date > addMonths(day, -{months:Int32}) AND sample_date <= day AND hazard != ''
        GROUP BY employer, factor
    ),
    found AS
    (
        SELECT employer_key AS employer, 'untested' AS cause, groupArray(hazard) AS factors, []::Array(String) AS lines
        FROM declared
        WHERE hazard IN (SELECT hazard FROM dim_hazard WHERE has_limit) AND (employer_key, hazard) NOT IN (SELECT employer, factor FROM tested)
            AND employer_key IN (SELECT employer FROM tested)
        GROUP BY employer_key
        UNION ALL
        SELECT employer, 'undeclared', groupArray(factor), arraySlice(arraySort(groupArrayArray(lines)), 1, 20)
        FROM tested
        WHERE (employer, factor) NOT IN (SELECT employer, factor FROM ever) AND employer IN (SELECT employer FROM ever)
        GROUP BY employer
    )
SELECT
    'employer'                                                                   AS object_kind,
    found.employer                                                                          AS object,
    if(dim_employer.employer_name = '', found.employer, dim_employer.employer_name)         AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'blue'                                                                       AS severity,
    found.cause                                                                  AS cause,
    toFloat64(length(found.factors))                                             AS score,
    map('n', toString(length(factors)), 'why', if(cause = 'untested', '申报而从未检测的因素', '检出而未申报的因素'), 'why_en', if(cause = 'untested', 'declared and never tested', 'tested and never declared'),
        'what', dim_hazard.name_zh, 'what_en', dim_hazard.name_en)               AS args,
    if(cause = 'untested', lines_declared.declared_lines, found.lines)           AS evidence,
    length(evidence)                                                             AS n_evidence
FROM found
LEFT JOIN
(
    SELECT employer_key::String AS declarer, arraySort(groupArray(20)(concat('declaration:', toString(batch), ':', toString(row)))) AS declared_lines
    FROM stg_declaration
    WHERE (employer_key::String, hazard::String) IN (SELECT employer, factor FROM found ARRAY JOIN factors AS factor WHERE cause = 'untested') AND accept_date <= day
    GROUP BY declarer
) AS lines_declared ON lines_declared.declarer = found.employer
LEFT JOIN dim_employer ON dim_employer.employer_key = found.employer
LEFT JOIN dim_hazard ON dim_hazard.hazard = arrayMin(found.factors)
