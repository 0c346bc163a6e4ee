-- id: R22
-- version: 1
-- title: 有接害人员但整个周期无体检 | Exposed workers and no exam in the longest cycle
-- message: {object}：接害{exposed}人，{months}个月内没有任何职业健康检查（最近 {last}）
--   | {object}: {exposed} exposed workers and no exam at all in {months} months (last {last})
-- severity: orange
-- addressee: TS, JDS
-- due: 30 days
-- life: state
-- source: goal T3 of the source document
-- params: default_months = 36
-- The longest cycle of the hazards declared by the employer, default_months where none is declared. Employers younger than that are left out.
WITH
    {week_end:Date32} AS day,
    cycles AS
    (
        SELECT employer_key AS declarer, max(months) AS longest
        FROM fct_declaration_state
        INNER JOIN dim_exam_cycle ON dim_exam_cycle.hazard = fct_declaration_state.hazard
        WHERE day BETWEEN valid_from AND valid_to AND basis = '' AND day BETWEEN edition_from AND edition_to
        GROUP BY declarer
    ),
    exams AS
    (
        SELECT if(using_key = '', employer_key::String, using_key::String) AS examined, max(exam_date) AS last_exam
        FROM stg_exam
        WHERE exam_date <= day
        GROUP BY examined
    )
SELECT
    'employer'                                                                   AS object_kind,
    dim_employer.employer_key                                                                          AS object,
    dim_employer.employer_name                                                   AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    'no_exam'                                                                    AS cause,
    toFloat64(exposed_total)                                                     AS score,
    map('exposed', toString(exposed_total), 'months', toString(if(cycles.longest = 0, {default_months:Int32}, toInt32(cycles.longest)) AS span),
        'last', if(exams.examined = '', '—', toString(last_exam)))               AS args,
    if(roster.line = '', [], [roster.line])                                      AS evidence,
    length(evidence)                                                             AS n_evidence
FROM dim_employer
LEFT JOIN cycles ON cycles.declarer = dim_employer.employer_key
LEFT JOIN exams ON exams.examined = dim_employer.employer_key
LEFT JOIN
(
    SELECT employer_key::String AS roster_employer, argMin(concat('employer:', toString(batch), ':', toString(row)), workplace_no) AS line
    FROM stg_employer
    GROUP BY roster_employer
) AS roster ON roster.roster_employer = dim_employer.employer_key
WHERE exposed_total > 0 AND status IN ('active', 'moved') AND (close_date IS NULL OR close_date > day)
    AND (start_date IS NULL OR start_date <= addMonths(day, -span))
    AND (exams.examined = '' OR last_exam <= addMonths(day, -span))
