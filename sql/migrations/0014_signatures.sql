-- name: signatures
-- title: Of what the values of each indicator were made

-- +goose Up

ALTER TABLE {{table "ind_catalog"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS signature String COMMENT 'of the definition and of the contents of all that it reads';
ALTER TABLE ind_catalog {{on_cluster}} ADD COLUMN IF NOT EXISTS signature String;
