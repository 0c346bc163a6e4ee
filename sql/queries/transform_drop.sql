-- name: transform_drop
-- title: Remove a table that is no longer in use
DROP TABLE IF EXISTS {{ident .Table}} {{on_cluster}} SYNC
