-- name: group_event
-- title: Group events: what happened, what was reported and done, who wrote it down when
-- Append-only. An entry is never changed: a correcting entry names the one that it stands in place of.

-- +goose Up

-- One row per entry. Columns beginning with after_ are the state of the event with this entry.
CREATE TABLE IF NOT EXISTS {{table "evt_entry"}} {{on_cluster}}
(
    event          LowCardinality(String) COMMENT 'E2026-001, exercises X2026-001',
    entry          UInt32 COMMENT 'number within the event, from 1',
    at             DateTime64(3, 'UTC') COMMENT 'instant of writing',
    happened_at    DateTime64(3, 'UTC') COMMENT 'when it was so, or was done',
    kind           Enum8('opened' = 1, 'cases' = 2, 'measure' = 3, 'contact' = 4, 'report' = 5, 'response' = 6, 'regraded' = 7, 'linked' = 8, 'note' = 9, 'closed' = 10, 'withdrawn' = 11),
    corrects       UInt32 COMMENT 'entry in whose place this one stands, or that is withdrawn; 0: none',
    reason         String COMMENT 'of a correction, of another grade',
    is_exercise    Bool,
    event_kind     LowCardinality(String) COMMENT 'of opened: poisoning, heat, radiation, cluster, other',
    started_at     Nullable(DateTime64(3, 'UTC')) COMMENT 'of opened',
    known_at       Nullable(DateTime64(3, 'UTC')) COMMENT 'of opened: when this office knew of it; deadlines count from here',
    area           LowCardinality(String) COMMENT 'of opened: township code',
    place          String COMMENT 'of opened',
    employer_key   String COMMENT 'of opened',
    employer_name  String COMMENT 'of opened',
    agent          String COMMENT 'of opened: hazard or disease',
    ill            Nullable(UInt32) COMMENT 'in all at happened_at, the dead included',
    severe         Nullable(UInt32) COMMENT 'of them in severe state',
    dead           Nullable(UInt32),
    exposed        Nullable(UInt32) COMMENT 'persons who were exposed or in contact',
    persons        Array(String) COMMENT 'pseudonyms or numbers, never names',
    grade          UInt8 COMMENT 'of regraded, and of response: 1 to 4; 0: none',
    offices        Array(String) COMMENT 'to whom was reported, who was called',
    channel        LowCardinality(String) COMMENT 'of report: online, phone, written',
    text           String,
    attachments    Array(String) COMMENT 'names of documents kept elsewhere',
    warnings       Array(String) COMMENT 'of opened and linked: ids',
    data_event     String COMMENT 'of opened and linked: event of fct_acute_event',
    by             LowCardinality(String),
    after_state    LowCardinality(String) COMMENT 'open, responding, closed',
    after_grade    UInt8 COMMENT '1 to 4; 0: nobody is ill',
    after_ill      UInt32,
    after_dead     UInt32,
    after_exposed  UInt32
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (event, entry, at);
{{distributed "evt_entry" "cityHash64(event)"}}
