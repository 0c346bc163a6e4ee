-- name: sources
-- title: Senders, their tokens, the receipts of what they deliver, what was measured of it
-- Who may send what and when, and what became of each file that came by drop folder, HTTP or SFTP. All are
-- logs: nothing is updated in place, the latest row of a sender, token or receipt counts.

-- +goose Up

-- One row per version of a sender's profile.
CREATE TABLE IF NOT EXISTS {{table "ops_sender"}} {{on_cluster}}
(
    sender      String COMMENT 'name of the sender, as in ops_batch and as its folder in the drop folder',
    at          DateTime64(3, 'UTC'),
    state       Enum8('active' = 1, 'removed' = 2),
    contact     String COMMENT 'office to remind, not a person',
    unexpected  Enum8('note' = 1, 'refuse' = 2) COMMENT 'what becomes of a file of a stream that is not expected',
    encoding    LowCardinality(String) COMMENT 'taken for text files whose bytes leave it open, empty: none',
    streams     Array(LowCardinality(String)) COMMENT 'streams expected; none: any',
    cadences    Array(LowCardinality(String)) COMMENT 'week, month, quarter, year or empty (no calendar), parallel to streams',
    due_days    Array(UInt16) COMMENT 'days after the end of the period until the file is due, parallel to streams',
    mappings    Map(String, String) COMMENT 'stream to the text of its mapping file',
    since       Date32 COMMENT 'first day from which files are expected',
    by          LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (sender, at);
{{distributed "ops_sender" "cityHash64(sender)"}}

-- One row per event in the life of a token. The token itself is kept nowhere.
CREATE TABLE IF NOT EXISTS {{table "ops_token"}} {{on_cluster}}
(
    token   String COMMENT 'public part, which names the token',
    at      DateTime64(3, 'UTC'),
    state   Enum8('issued' = 1, 'revoked' = 2),
    sender  String,
    sha256  FixedString(64) COMMENT 'of the whole token, which holds 256 random bits; lower-case hex',
    by      LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (token, at);
{{distributed "ops_token" "cityHash64(token)"}}

-- One row per event in the life of a receipt: one file of a sender, taken from a source. The bytes lie in the data
-- directory under their SHA-256 before the first row is written.
CREATE TABLE IF NOT EXISTS {{table "ops_receipt"}} {{on_cluster}}
(
    receipt      String,
    at           DateTime64(3, 'UTC'),
    state        Enum8('waiting' = 1, 'loaded' = 2, 'refused' = 3, 'failed' = 4),
    source       LowCardinality(String) COMMENT 'http, drop, or sftp: and the name of the source',
    sender       String,
    stream       LowCardinality(String) COMMENT 'as asked for; empty: found by the headings',
    name         String COMMENT 'name of the file as the sender gave it',
    place        String COMMENT 'path in the drop folder or on the SFTP server, empty for http',
    sha256       FixedString(64),
    bytes        UInt64,
    modified_at  DateTime64(9, 'UTC') COMMENT 'of the file at its place',
    received_at  DateTime64(3, 'UTC') COMMENT 'the same in ops_batch',
    batches      Array(UInt64),
    results      String COMMENT 'JSON array of the results, one for each batch',
    code         LowCardinality(String) COMMENT 'of a refusal or of the last error',
    args         Map(LowCardinality(String), String) COMMENT 'what the sentence of the refusal needs',
    attempts     UInt16 COMMENT 'loads that ended with an error',
    idempotency  String COMMENT 'SHA-256 of the Idempotency-Key, empty when none was given'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (receipt, at);
{{distributed "ops_receipt" "cityHash64(receipt)"}}

-- One row per statement of a sender that there is nothing to report for a period.
CREATE TABLE IF NOT EXISTS {{table "ops_zero"}} {{on_cluster}}
(
    sender   String,
    stream   LowCardinality(String),
    period   LowCardinality(String) COMMENT '2025-W46, 2025-07, 2025Q3 or 2025',
    at       DateTime64(3, 'UTC'),
    state    Enum8('said' = 1, 'withdrawn' = 2),
    source   LowCardinality(String) COMMENT 'http or command',
    by       LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (sender, stream, period, at);
{{distributed "ops_zero" "cityHash64(sender)"}}

-- What the audit log says of acts over the network, beside those on the command line.
ALTER TABLE {{table "ops_audit"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS outcome LowCardinality(String) COMMENT 'done, or the code of the refusal';
ALTER TABLE {{table "ops_audit"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS address String COMMENT 'network address of the client, empty on the command line';
ALTER TABLE ops_audit {{on_cluster}} ADD COLUMN IF NOT EXISTS outcome LowCardinality(String);
ALTER TABLE ops_audit {{on_cluster}} ADD COLUMN IF NOT EXISTS address String;

-- The headings of each batch, so that a change from one delivery to the next can be told.
ALTER TABLE {{table "ops_batch"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS headings Array(String) COMMENT 'of the columns, as the sender wrote them';
ALTER TABLE {{table "ops_batch"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS heading_fields Array(LowCardinality(String)) COMMENT 'field of the contract that each heading names, empty for none';
ALTER TABLE ops_batch {{on_cluster}} ADD COLUMN IF NOT EXISTS headings Array(String);
ALTER TABLE ops_batch {{on_cluster}} ADD COLUMN IF NOT EXISTS heading_fields Array(LowCardinality(String));

-- What was measured of the rows of a published batch, which never change. Measuring a batch
-- again writes the same rows again: read it with FINAL. A batch counts as measured once its row of kind rows is there.
CREATE TABLE IF NOT EXISTS {{table "ops_measure"}} {{on_cluster}}
(
    batch   UInt64,
    stream  LowCardinality(String),
    kind    Enum8('rows' = 1, 'filled' = 2, 'matched' = 3, 'open' = 4, 'event' = 5, 'report' = 6, 'value' = 7)
            COMMENT 'accepted rows, voids apart; rows with a field filled; with a word that matched or did not; by day of the event or of the report; by value of a key column',
    field   LowCardinality(String),
    value   String COMMENT 'day or value, empty for the other kinds',
    n       UInt64 COMMENT 'rows'
)
ENGINE = {{engine "ReplacingMergeTree"}}
ORDER BY (batch, kind, field, value);
{{distributed "ops_measure" "batch"}}
