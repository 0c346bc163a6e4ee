-- name: outbox
-- title: Messages to addressees, and what became of each
-- Append-only. A message is written once under an id made of its key, so that what is enqueued twice is there once: of rows with the
-- same id any counts. Its state is that of its event with the highest number; without events it is queued.

-- +goose Up

-- One row per message.
CREATE TABLE IF NOT EXISTS {{table "ops_outbox"}} {{on_cluster}}
(
    id         FixedString(32) COMMENT 'of the key, lower-case hex; in Message-ID and Idempotency-Key, the same at every attempt',
    key        String COMMENT 'what the message is: kind, period, addressee, channel, recipient',
    at         DateTime64(3, 'UTC'),
    kind       LowCardinality(String) COMMENT 'warnings, red, report …',
    addressee  String COMMENT 'WJW, TS-410184106 … or the list of a report',
    channel    LowCardinality(String) COMMENT 'mail, or the name of a channel of the configuration',
    recipient  String COMMENT 'address of a mail, else empty',
    subject    String,
    refs       Array(String) COMMENT 'what it tells of, as warnings with the instant of their opening',
    sha256     FixedString(64) COMMENT 'of the payload',
    bytes      UInt64 COMMENT 'size of the payload',
    by         LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (id, at);
{{distributed "ops_outbox" "cityHash64(id)"}}

-- One row per payload, shared by the messages that say the same.
CREATE TABLE IF NOT EXISTS {{table "ops_outbox_payload"}} {{on_cluster}}
(
    sha256   FixedString(64),
    at       DateTime64(3, 'UTC'),
    payload  String COMMENT 'JSON: subject, texts, files' CODEC(ZSTD(3))
)
ENGINE = {{engine "MergeTree"}}
ORDER BY sha256;
{{distributed "ops_outbox_payload" "cityHash64(sha256)"}}

-- One row per event in the life of a message.
CREATE TABLE IF NOT EXISTS {{table "ops_outbox_event"}} {{on_cluster}}
(
    id       FixedString(32),
    n        UInt32 COMMENT 'number of the event, so that a clock that jumps does not change their order',
    at       DateTime64(3, 'UTC'),
    state    Enum8('queued' = 1, 'sending' = 2, 'delayed' = 3, 'sent' = 4, 'failed' = 5, 'cancelled' = 6, 'bounced' = 7),
    attempt  UInt32 COMMENT 'attempts so far',
    next_at  DateTime64(3, 'UTC') COMMENT 'not before the next attempt',
    words    String COMMENT 'what the other side said, or the reason of a person',
    by       LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (id, n);
{{distributed "ops_outbox_event" "cityHash64(id)"}}
