-- name: bad_bytes
-- title: Bytes of a batch that are no text
-- How many cells of a file held bytes that its encoding does not know, and how many such bytes. Their rows are rejected.

-- +goose Up

ALTER TABLE {{table "ops_batch"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS n_bad_cells UInt64 COMMENT 'cells with bytes that are no text';
ALTER TABLE {{table "ops_batch"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS n_bad_bytes UInt64 COMMENT 'bytes that are no text in the encoding of the file, NUL and U+FFFD as sent included';
ALTER TABLE ops_batch {{on_cluster}} ADD COLUMN IF NOT EXISTS n_bad_cells UInt64;
ALTER TABLE ops_batch {{on_cluster}} ADD COLUMN IF NOT EXISTS n_bad_bytes UInt64;
