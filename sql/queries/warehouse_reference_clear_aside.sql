-- name: reference_clear_aside
-- title: Drop the table beside a reference table
DROP TABLE IF EXISTS {{ident .Aside}} {{on_cluster}} SYNC
