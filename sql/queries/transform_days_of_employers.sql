-- name: transform_days_of_employers
-- title: Days of the rows of an indicator whose employer has changed
CREATE TABLE {{ident .Table}}
ENGINE = {{engine "MergeTree"}}
ORDER BY tuple()
AS
SELECT DISTINCT toDate32(day) AS value
FROM
(
{{.Body}}
)
WHERE employer_key::String IN (SELECT employer_key::String FROM {{ident .Changed}}) AND day IS NOT NULL
