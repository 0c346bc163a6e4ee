-- name: ranges
-- title: 模型取值在合理范围内 | Values of models lie in their ranges
-- by_employer_key: fct_exam_segment; fct_exam_status; fct_detection_result; fct_dose_period; fct_declaration_state
-- A span ends where it begins or later, the workers of a state are part of those known, a ratio or a dose is not negative.
SELECT concat(model, ': employer ', employer_key, ': ', what) AS offender
FROM
(
    SELECT 'fct_exam_segment' AS model, employer_key::String AS employer_key, concat('span from ', toString(valid_from), ' to ', toString(valid_to)) AS what
    FROM fct_exam_segment WHERE valid_to < valid_from
    UNION ALL
    SELECT 'fct_declaration_state', employer_key::String, concat('span from ', toString(valid_from), ' to ', toString(valid_to))
    FROM fct_declaration_state WHERE valid_to < valid_from
    UNION ALL
    SELECT 'fct_exam_status', employer_key::String, concat(toString(covered + partly + not_due), ' of ', toString(known), ' workers on ', toString(as_of_date))
    FROM fct_exam_status WHERE covered + partly + not_due > known OR examined_in_year > known OR exposed < in_surveillance
    UNION ALL
    SELECT 'fct_detection_result', employer_key::String, concat('ratio ', toString(ratio))
    FROM fct_detection_result WHERE ratio < 0 OR limit_used < 0
    UNION ALL
    SELECT 'fct_dose_period', employer_key::String, concat('dose ', toString(dose_msv), ' mSv, ', toString(period_start), ' to ', toString(period_end))
    FROM fct_dose_period WHERE dose_msv < 0 OR period_end < period_start
)
ORDER BY offender
