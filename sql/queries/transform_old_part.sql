-- name: transform_old_part
-- title: The rows of a table that have a touched value of its key
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY tuple()
AS
SELECT * FROM {{ident .Database}}.{{ident .Old}} WHERE {{ident .Key}} IN (SELECT value FROM {{ident .Touched}})
