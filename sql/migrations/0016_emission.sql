-- name: emission
-- title: What was emitted at the close of a week
-- Append-only. The first row of a week is what was emitted; a week is emitted once.

-- +goose Up

CREATE TABLE IF NOT EXISTS {{table "wrn_emission"}} {{on_cluster}}
(
    week     LowCardinality(String) COMMENT 'ISO week, 2026-W46',
    at       DateTime64(3, 'UTC') COMMENT 'instant of freezing',
    document String COMMENT 'JSON as emitted, docs/warnings.schema.json',
    sha256   String COMMENT 'of the document',
    n        UInt32 COMMENT 'warnings in it',
    by       LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (week, at);
{{distributed "wrn_emission" "cityHash64(week)"}}
