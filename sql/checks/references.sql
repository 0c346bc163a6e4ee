-- name: references
-- title: 引用的单位、因素和病种均存在 | Employers, hazards and diseases that models name exist
-- by_employer_key: fct_exam_status; fct_detection_status; fct_detection_result; fct_case; dim_employer
-- A judged hazard that the institution names by a word of its own has no id and is not meant, nor is a disease without one.
SELECT concat(model, ': ', what, ' ', key, ' of employer ', employer_key) AS offender
FROM
(
    SELECT DISTINCT 'fct_exam_status' AS model, 'employer' AS what, employer_key::String AS key, employer_key::String AS employer_key
    FROM fct_exam_status WHERE employer_key NOT IN (SELECT employer_key FROM dim_employer)
    UNION ALL
    SELECT DISTINCT 'fct_detection_status', 'employer', employer_key::String, employer_key::String
    FROM fct_detection_status WHERE employer_key NOT IN (SELECT employer_key FROM dim_employer)
    UNION ALL
    SELECT DISTINCT 'fct_detection_result', 'hazard', judged_as::String, employer_key::String
    FROM fct_detection_result WHERE judged_as != '' AND judged_as NOT IN (SELECT hazard FROM dim_hazard)
    UNION ALL
    SELECT DISTINCT 'fct_case', 'disease', disease::String, employer_key::String
    FROM fct_case WHERE disease != '' AND disease NOT IN (SELECT disease FROM dim_disease)
)
ORDER BY offender
