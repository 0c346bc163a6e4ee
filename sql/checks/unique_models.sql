-- name: unique_models
-- title: 模型各行不重复 | One row of a model for what one row is
-- by_employer_key: dim_employer; fct_exam_status; fct_detection_status; fct_declaration_status; fct_employer_reading
SELECT concat(model, ': employer ', employer_key, ', day ', toString(day), ' has ', toString(n), ' rows') AS offender
FROM
(
    SELECT 'dim_employer' AS model, employer_key::String AS employer_key, toDate32('1900-01-01') AS day, count() AS n FROM dim_employer GROUP BY employer_key HAVING n > 1
    UNION ALL SELECT 'fct_employer_reading', employer_key::String, as_of_date, count() AS n FROM fct_employer_reading GROUP BY employer_key, as_of_date HAVING n > 1
    UNION ALL SELECT 'fct_declaration_status', employer_key::String, as_of_date, count() AS n FROM fct_declaration_status GROUP BY employer_key, as_of_date, basis HAVING n > 1
    UNION ALL SELECT 'fct_detection_status', employer_key::String, as_of_date, count() AS n FROM fct_detection_status GROUP BY employer_key, as_of_date HAVING n > 1
    UNION ALL SELECT 'fct_exam_status', employer_key::String, as_of_date, count() AS n FROM fct_exam_status GROUP BY employer_key, as_of_date, basis HAVING n > 1
)
ORDER BY offender
