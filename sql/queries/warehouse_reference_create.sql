-- name: reference_create
-- title: Make the log of loaded reference lists
CREATE TABLE IF NOT EXISTS ops_reference {{on_cluster}}
(
    name      String COMMENT 'of the list; its table is ref_ and the name',
    sha256    String COMMENT 'of the file',
    n_rows    UInt64,
    loaded_at DateTime64(3, 'UTC')
)
ENGINE = {{everywhere "MergeTree"}}
ORDER BY (name, loaded_at)
