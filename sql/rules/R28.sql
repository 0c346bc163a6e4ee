-- id: R28
-- version: 1
-- title: 严重类单位三年未做现状评价 | Severe employer without a status evaluation
-- message: {object}：风险分类为严重，{months}个月内未做职业病危害现状评价（最近 {last}）
--   | {object}: of class severe, no status evaluation in {months} months (last {last})
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: found: 工作场所职业卫生管理规定 art. 20, every three years
-- params: months = 36
-- Active employers of the roster with hazards and of class severe that are at least months old. A control-effect evaluation counts as the first one.
WITH {week_end:Date32} AS day, evaluations AS
(
    SELECT employer_key::String AS evaluated, max(sample_date) AS last_evaluation
    FROM stg_detection
    WHERE test_kind IN ('status', 'control') AND sample_date <= day
    GROUP BY evaluated
)
SELECT
    'employer'                                                                   AS object_kind,
    dim_employer.employer_key                                                                          AS object,
    dim_employer.employer_name                                                   AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    'status_evaluation'                                                          AS cause,
    toFloat64(exposed_total)                                                     AS score,
    map('months', toString({months:Int32}), 'last', if(evaluations.evaluated = '', '—', toString(last_evaluation))) AS args,
    if(roster.line = '', [], [roster.line])                                      AS evidence,
    length(evidence)                                                             AS n_evidence
FROM dim_employer
LEFT JOIN evaluations ON evaluations.evaluated = dim_employer.employer_key
LEFT JOIN
(
    SELECT employer_key::String AS roster_employer, argMin(concat('employer:', toString(batch), ':', toString(row)), workplace_no) AS line
    FROM stg_employer
    GROUP BY roster_employer
) AS roster ON roster.roster_employer = dim_employer.employer_key
WHERE risk_class = 'severe' AND has_hazard AND NOT is_discovered AND status IN ('active', 'moved') AND (close_date IS NULL OR close_date > day)
    AND (start_date IS NULL OR start_date <= addMonths(day, -{months:Int32}))
    AND (evaluations.evaluated = '' OR last_evaluation <= addMonths(day, -{months:Int32}))
