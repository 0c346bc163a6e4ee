-- name: migration_create
-- title: Make the log of schema migrations
-- Append-only: the latest row of a version counts. Every server of a cluster has the whole log.
CREATE TABLE IF NOT EXISTS ops_migration {{on_cluster}}
(
    version    Int64 COMMENT 'number of the migration; 0 is the empty schema',
    name       String COMMENT 'file name without .sql',
    checksum   String COMMENT 'SHA-256 of the file as written, before its templates are filled',
    applied_at DateTime64(3, 'UTC')
)
ENGINE = {{everywhere "MergeTree"}}
ORDER BY (version, applied_at)
