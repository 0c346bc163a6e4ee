-- name: transform_count
-- title: Number of rows of a table
SELECT toUInt64(count()) FROM {{ident .Table}}
