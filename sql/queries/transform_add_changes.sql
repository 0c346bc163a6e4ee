-- name: transform_add_changes
-- title: Add changed rows to those that are known
INSERT INTO {{ident .Table}} SELECT * FROM {{ident .From}}
