-- name: indicator_breaks
-- title: Days on which a series changes its basis, beside its definition

-- +goose Up

ALTER TABLE {{table "ind_catalog"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS breaks String COMMENT 'JSON list: date, before, after (variants on the old and the new basis), reason';
ALTER TABLE ind_catalog {{on_cluster}} ADD COLUMN IF NOT EXISTS breaks String;
