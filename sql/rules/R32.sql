-- id: R32
-- version: 1
-- title: 重点行业单位未申报 | Key-industry employer without a declaration
-- message: {object}：{days}天前已投产或被发现接触危害，至今未申报职业病危害
--   | {object}: active, or found with hazards, {days} days ago and never declared its hazards
-- severity: orange
-- addressee: TS
-- due: 30 days
-- life: state
-- source: goal T1 of the source document; 30 days found
-- params: days = 30
-- Active key-industry employers of the roster with hazards, and employers that only exams or test reports know, whose start, or first exam or report, lies
-- more than days back. Silent while no declaration is loaded at all.
WITH {week_end:Date32} AS day
SELECT
    'employer'                                                                   AS object_kind,
    dim_employer.employer_key                                                                          AS object,
    dim_employer.employer_name                                                   AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    'undeclared'                                                                 AS cause,
    toFloat64(exposed_total) + 1                                                 AS score,
    map('days', toString(dateDiff('day', ifNull(start_date, addDays(day, -366)), day))) AS args,
    multiIf(roster.line != '', [roster.line], exams.line != '', [exams.line], tests.line != '', [tests.line], []) AS evidence,
    length(evidence)                                                             AS n_evidence
FROM dim_employer
LEFT JOIN
(
    SELECT employer_key::String AS roster_employer, argMin(concat('employer:', toString(batch), ':', toString(row)), workplace_no) AS line
    FROM stg_employer
    GROUP BY roster_employer
) AS roster ON roster.roster_employer = dim_employer.employer_key
LEFT JOIN
(
    SELECT if(using_key = '', employer_key::String, using_key::String) AS seen, min(concat('exam:', toString(batch), ':', toString(row))) AS line
    FROM stg_exam WHERE seen IN (SELECT employer_key FROM dim_employer WHERE is_discovered) GROUP BY seen
) AS exams ON exams.seen = dim_employer.employer_key
LEFT JOIN
(
    SELECT employer_key::String AS seen, min(concat('detection:', toString(batch), ':', toString(row))) AS line
    FROM stg_detection WHERE seen IN (SELECT employer_key FROM dim_employer WHERE is_discovered) GROUP BY seen
) AS tests ON tests.seen = dim_employer.employer_key
WHERE is_key AND has_hazard AND status IN ('active', 'moved') AND (close_date IS NULL OR close_date > day) AND addDays(ifNull(start_date, toDate32('1900-01-01')), {days:Int32}) < day
    AND dim_employer.employer_key NOT IN (SELECT employer_key::String FROM stg_declaration WHERE accept_date <= day)
    AND (SELECT count() FROM stg_declaration) > 0
