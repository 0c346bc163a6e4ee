-- id: R35
-- version: 1
-- title: 工伤保险缺口 | Gap in work-injury insurance
-- message: {object}：在册{staff}人，接害{exposed}人，{month}参保{insured}人，缺口{gap}人
--   | {object}: staff of {staff}, {exposed} exposed, {insured} insured in {month}, {gap} missing
-- severity: orange
-- addressee: RSJ, TS
-- due: 30 days
-- life: state
-- source: goal T6 of the source document
-- params: months = 3
-- Active employers of the roster with fewer insured than exposed workers, or of class severe without insured ones,
-- by the latest record of the last months; without one the evidence is the row of the roster. The gap of a severe employer without
-- insured ones is its whole staff. Nothing is said while the insurance stream as a whole is silent.
WITH
    {week_end:Date32} AS day,
    records AS
    (
        SELECT
            employer_key::String                                                                  AS insured_employer,
            max(period)                                                                           AS last_month,
            argMax(insured_count, period)                                                         AS insured,
            argMax(concat('insurance:', toString(batch), ':', toString(row)), period)             AS line
        FROM stg_insurance
        WHERE period <= day AND period > addMonths(toStartOfMonth(day), -{months:Int32})
        GROUP BY insured_employer
    )
SELECT
    'employer'                                                                   AS object_kind,
    employer_key                                                                 AS object,
    employer_name                                                                AS object_name,
    dim_employer.area                                                            AS area,
    'orange'                                                                     AS severity,
    'insurance'                                                                  AS cause,
    if(insured = 0 AND risk_class = 'severe', greatest(exposed_total, employees), exposed_total - insured)::Float64 AS score,
    map('insured', toString(insured), 'exposed', toString(exposed_total), 'staff', toString(employees), 'gap', toString(score), 'month', if(records.line = '', '—', formatDateTime(last_month, '%Y-%m')), 'risk', risk_class) AS args,
    if(records.line = '', [roster.line], [records.line])                                             AS evidence,
    length(evidence)                                                             AS n_evidence
FROM dim_employer
LEFT JOIN records ON records.insured_employer = dim_employer.employer_key
LEFT JOIN
(
    SELECT
        employer_key::String                                                                  AS roster_employer,
        argMin(concat('employer:', toString(batch), ':', toString(row)), workplace_no)        AS line
    FROM stg_employer
    GROUP BY roster_employer
) AS roster ON roster.roster_employer = dim_employer.employer_key
WHERE NOT is_discovered AND status IN ('active', 'moved')
    AND (start_date IS NULL OR start_date <= day) AND (close_date IS NULL OR close_date > day)
    AND (exposed_total > insured OR (insured = 0 AND risk_class = 'severe' AND employees > 0))
    AND (SELECT count() FROM records) > 0
