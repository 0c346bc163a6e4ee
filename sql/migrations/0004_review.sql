-- name: review
-- title: Decisions on names, the life of rejects, confirmed rows, the vault, the audit
-- All append-only: what counts is worked out from the latest rows, and from the batches that count.

-- +goose Up

-- One row per decision on a name that no list has, or on its withdrawal. Models read it through stg_alias.
CREATE TABLE IF NOT EXISTS {{table "ops_alias"}} {{on_cluster}}
(
    id      UInt64 COMMENT 'number of the decision, rising with time',
    at      DateTime64(3, 'UTC'),
    kind    LowCardinality(String) COMMENT 'hazard, disease, township, industry, employer, institution',
    sender  LowCardinality(String) COMMENT 'whose files it holds for; empty: everybody''s, unless the sender has one of its own',
    name    String COMMENT 'the name in the form in which names are compared; for employers and institutions the key in the rows',
    action  Enum8('code' = 1, 'new' = 2, 'ignore' = 3, 'undo' = 4),
    code    String COMMENT 'what the name stands for; empty unless action is code or a new employer',
    by      LowCardinality(String),
    reason  String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (kind, name, sender, id);
{{distributed "ops_alias" "cityHash64(name)"}}

-- One row per event in the life of a rejected row: it came back in a later file, or somebody decided on it.
CREATE TABLE IF NOT EXISTS {{table "ops_reject"}} {{on_cluster}}
(
    stream   LowCardinality(String),
    batch    UInt64 COMMENT 'batch and line of the reject',
    row      UInt32,
    at       DateTime64(3, 'UTC'),
    state    Enum8('open' = 0, 'returned' = 1, 'withdrawn' = 2, 'ignored' = 3),
    by_batch UInt64 COMMENT 'batch and line in which the row came back',
    by_row   UInt32,
    by       LowCardinality(String),
    reason   String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (batch, row, at);
{{distributed "ops_reject" "batch"}}

-- One row per row of a file that said again what stood there already. When the batch that wrote that version
-- is taken back, a batch that confirmed it gets a copy.
CREATE TABLE IF NOT EXISTS {{table "ops_unchanged"}} {{on_cluster}}
(
    stream   LowCardinality(String),
    key_hash UInt64,
    version  UInt32,
    batch    UInt64 COMMENT 'batch and line of the row that confirmed the version',
    row      UInt32
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (stream, key_hash, version, batch);
{{distributed "ops_unchanged" "batch"}}

-- One row per direct identifier of a person that a contract wants to be kept, sealed with the key of the vault.
CREATE TABLE IF NOT EXISTS {{table "ops_vault"}} {{on_cluster}}
(
    person_key UUID,
    stream     LowCardinality(String),
    field      LowCardinality(String),
    batch      UInt64,
    row        UInt32,
    at         DateTime64(3, 'UTC'),
    sealed     String COMMENT 'AES-256-GCM, base64, bound to person and field; the number of its key before a colon'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (person_key, field, batch, row);
{{distributed "ops_vault" "cityHash64(person_key)"}}

-- One row per act that somebody has to answer for: the vault was read, keys were changed, a person was erased.
CREATE TABLE IF NOT EXISTS {{table "ops_audit"}} {{on_cluster}}
(
    at     DateTime64(3, 'UTC'),
    by     LowCardinality(String),
    action LowCardinality(String),
    object String,
    reason String,
    detail String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY at;
{{distributed "ops_audit" "rand()"}}
