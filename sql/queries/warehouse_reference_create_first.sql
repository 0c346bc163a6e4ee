-- name: reference_create_first
-- title: Make an empty reference table where there is none yet
CREATE TABLE IF NOT EXISTS {{ident .Table}} {{on_cluster}} (nothing String) ENGINE = {{everywhere "MergeTree"}} ORDER BY tuple()
