-- id: R33
-- version: 1
-- title: 申报未更新或人数变化较大 | Declaration not updated, or head count changed
-- message: {object}：{why}
--   | {object}: {why}
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: found: yearly update; head count and month are proposals
-- params: from_month = 7, change_percent = 30, least_persons = 5
-- Cause not_updated, declared in an earlier year and, from month from_month on, not in this one. Cause head_count, exposed workers of the roster and those declared
-- differ by more than change_percent of the declared and by least_persons or more. Active employers of the roster.
WITH
    {week_end:Date32} AS day,
    states AS
    (
        SELECT employer_key, valid_from, sum(most) AS declared
        FROM
        (
            SELECT employer_key, valid_from, workshop, post, max(exposed) AS most FROM fct_declaration_state
            WHERE day BETWEEN valid_from AND valid_to
            GROUP BY employer_key, valid_from, workshop, post
        )
        GROUP BY employer_key, valid_from
    ),
    found AS
    (
        SELECT employer_key AS employer, valid_from, 'not_updated' AS cause, concat('申报止于', toString(valid_from), '，今年未更新') AS why,
            concat('declared last on ', toString(valid_from), ', not updated this year') AS why_en, toFloat64(dateDiff('day', valid_from, day)) / 1000 AS score
        FROM states
        WHERE toYear(valid_from) < toYear(day) AND toMonth(day) >= {from_month:UInt8}
        UNION ALL
        SELECT states.employer_key, valid_from, 'head_count', concat('名录接害', toString(exposed_total), '人，申报', toString(declared), '人'),
            concat(toString(exposed_total), ' exposed workers on the roster, ', toString(declared), ' declared'), toFloat64(abs(toInt64(exposed_total) - toInt64(declared)))
        FROM states
        INNER JOIN dim_employer ON dim_employer.employer_key = states.employer_key
        WHERE NOT is_discovered AND abs(toInt64(exposed_total) - toInt64(declared)) >= {least_persons:Int32}
            AND abs(toInt64(exposed_total) - toInt64(declared)) * 100 > declared * {change_percent:Float64}
    )
SELECT
    'employer'                                                                   AS object_kind,
    dim_employer.employer_key                                                                          AS object,
    dim_employer.employer_name                                                   AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    found.cause                                                                  AS cause,
    found.score                                                                  AS score,
    map('why', found.why, 'why_en', found.why_en)                                AS args,
    lines.evidence                                                               AS evidence,
    length(lines.evidence)                                                       AS n_evidence
FROM found
INNER JOIN dim_employer ON dim_employer.employer_key = found.employer
LEFT JOIN
(
    SELECT employer_key::String AS declarer, accept_date, arraySort(groupArray(20)(concat('declaration:', toString(batch), ':', toString(row)))) AS evidence
    FROM stg_declaration
    GROUP BY declarer, accept_date
) AS lines ON lines.declarer = found.employer AND lines.accept_date = found.valid_from
WHERE NOT is_discovered AND status IN ('active', 'moved') AND (close_date IS NULL OR close_date > day)
