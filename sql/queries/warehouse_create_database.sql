-- name: create_database
-- title: Create the current database
CREATE DATABASE IF NOT EXISTS {{ident .Database}} {{on_cluster}} ENGINE = Atomic
