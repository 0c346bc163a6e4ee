-- name: drop_database
-- title: Drop a database with everything in it
DROP DATABASE IF EXISTS {{ident .Database}} {{on_cluster}} SYNC
