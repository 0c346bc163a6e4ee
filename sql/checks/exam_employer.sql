-- name: exam_employer
-- title: 每个体检、检测单位均在单位维度中 | Every employer with a code that was examined or tested is in the dimension
-- by_employer_key: dim_employer; stg_detection; stg_exam = if(using_key = '', employer_key, using_key)
SELECT DISTINCT employer_key::String AS offender
FROM
(
    SELECT if(using_key = '', employer_key, using_key)::String AS employer_key FROM stg_exam
    UNION ALL
    SELECT employer_key::String FROM stg_detection
)
WHERE employer_key NOT IN (SELECT employer_key FROM dim_employer) AND employer_key != '' AND NOT startsWith(employer_key, 'name:')
ORDER BY offender
