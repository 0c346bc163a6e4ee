-- name: transform_part
-- title: Make the rows of a model that have a touched value of its key
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY tuple()
AS
SELECT *
FROM
(
{{.Select}}
)
WHERE {{ident .Key}} IN (SELECT value FROM {{ident .Touched}})
