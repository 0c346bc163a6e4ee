-- name: operations
-- title: Batches, findings, runs
-- The append-only log of everything that ohwatch does to the warehouse. Nothing here is updated in
-- place: the state of a batch or of a run is its latest row.

-- +goose Up

-- One row per event in the life of a batch (one sheet or file of one stream).
CREATE TABLE IF NOT EXISTS {{table "ops_batch"}} {{on_cluster}}
(
    batch            UInt64 COMMENT 'number of the batch, rising with time',
    at               DateTime64(3, 'UTC') COMMENT 'instant of the event',
    state            Enum8('started' = 1, 'published' = 2, 'reverted' = 3, 'aborted' = 4),
    stream           LowCardinality(String),
    file             String COMMENT 'path or name as given by the sender',
    sheet            String COMMENT 'sheet of a workbook, empty for text files',
    sha256           FixedString(64) COMMENT 'of the file, lower-case hex',
    bytes            UInt64 COMMENT 'size of the file',
    sender           LowCardinality(String) COMMENT 'institution or department that sent the file, empty when unknown',
    received_at      DateTime64(3, 'UTC') COMMENT 'instant at which ohwatch first saw the file',
    mapping          LowCardinality(String) COMMENT 'name of the mapping applied, empty when none',
    contract         LowCardinality(String) COMMENT 'contract and version that decoded the file',
    encoding         LowCardinality(String),
    header_row       UInt32 COMMENT 'line of the first header row, counted from 1',
    unknown_headers  Array(String),
    hidden_sheets    Array(String),
    n_read           UInt64,
    n_loaded         UInt64,
    n_corrected      UInt64,
    n_voided         UInt64,
    n_unchanged      UInt64,
    n_rejected       UInt64,
    n_warned         UInt64 COMMENT 'accepted rows with at least one warning or note',
    by               LowCardinality(String) COMMENT 'user or job',
    reason           String COMMENT 'of a revert or an abort'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (batch, at);
{{distributed "ops_batch" "batch"}}

-- One row per finding on a row of a file: a reject, a warning or a note. Values of personal columns
-- are masked; the row as sent is sealed with a key that is not in the warehouse.
CREATE TABLE IF NOT EXISTS {{table "ops_finding"}} {{on_cluster}}
(
    batch     UInt64,
    stream    LowCardinality(String),
    severity  Enum8('reject' = 1, 'warn' = 2, 'note' = 3),
    sheet     LowCardinality(String),
    row       UInt32 COMMENT 'line in the file or sheet, counted from 1',
    field     LowCardinality(String) COMMENT 'field of the contract, empty when the whole row is meant',
    `column`  LowCardinality(String) COMMENT 'heading as the sender wrote it',
    value     String COMMENT 'value as sent, masked for personal columns',
    code      LowCardinality(String) COMMENT 'code of the check, key of its message',
    args      Map(LowCardinality(String), String) COMMENT 'what the message needs',
    sealed    String COMMENT 'the row as sent, sealed (AES-GCM, base64); empty for notes',
    key_hash  UInt64 COMMENT 'hash of the natural key, 0 when it could not be read'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (batch, row, code);
{{distributed "ops_finding" "batch"}}

-- One row per event in the life of a run: a transform, a weekly evaluation, a report, a scheduled job.
CREATE TABLE IF NOT EXISTS {{table "ops_run"}} {{on_cluster}}
(
    run      UInt64 COMMENT 'number of the run, rising with time',
    kind     LowCardinality(String) COMMENT 'job, transform, model, warn, report',
    name     LowCardinality(String) COMMENT 'job or model name',
    slot     Nullable(DateTime64(3, 'UTC')) COMMENT 'due time of a scheduled job',
    at       DateTime64(3, 'UTC'),
    state    Enum8('started' = 1, 'done' = 2, 'failed' = 3, 'skipped' = 4, 'retry' = 5),
    attempt  UInt16,
    n_rows   UInt64,
    seconds  Float64,
    detail   String,
    error    String,
    by       LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (kind, name, run, at);
{{distributed "ops_run" "run"}}
