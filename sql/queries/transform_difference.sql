-- name: transform_difference
-- title: Rows that only one of two tables has
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY tuple()
AS
SELECT * FROM (SELECT * FROM {{ident .OldDatabase}}.{{ident .Old}} EXCEPT DISTINCT SELECT * FROM {{ident .New}})
UNION ALL
SELECT * FROM (SELECT * FROM {{ident .New}} EXCEPT DISTINCT SELECT * FROM {{ident .OldDatabase}}.{{ident .Old}})
