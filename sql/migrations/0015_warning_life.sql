-- name: warning_life
-- title: Late warnings, and who does what about a warning until when

-- +goose Up

ALTER TABLE {{table "wrn_event"}} {{on_cluster}} MODIFY COLUMN event Enum8('opened' = 1, 'seen_again' = 2, 'resolved' = 3, 'reopened' = 4, 'acknowledged' = 5, 'closed' = 6, 'comment' = 7, 'assigned' = 8, 'acting' = 9, 'verified' = 10, 'dismissed' = 11, 'escalated' = 12);
ALTER TABLE {{table "wrn_event"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS knowable Nullable(Date32) COMMENT 'of a warning that late data raised: last day of the week that would have raised it';
ALTER TABLE {{table "wrn_event"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS owner String COMMENT 'who has to act, from assigned and acting on';
ALTER TABLE {{table "wrn_event"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS level UInt8 COMMENT '0 as addressed, 1 escalated to the city, 2 to the joint conference';
ALTER TABLE {{table "wrn_event"}} {{on_cluster}} ADD COLUMN IF NOT EXISTS attachments Array(String) COMMENT 'names of documents kept elsewhere';
ALTER TABLE wrn_event {{on_cluster}} MODIFY COLUMN event Enum8('opened' = 1, 'seen_again' = 2, 'resolved' = 3, 'reopened' = 4, 'acknowledged' = 5, 'closed' = 6, 'comment' = 7, 'assigned' = 8, 'acting' = 9, 'verified' = 10, 'dismissed' = 11, 'escalated' = 12);
ALTER TABLE wrn_event {{on_cluster}} ADD COLUMN IF NOT EXISTS knowable Nullable(Date32);
ALTER TABLE wrn_event {{on_cluster}} ADD COLUMN IF NOT EXISTS owner String;
ALTER TABLE wrn_event {{on_cluster}} ADD COLUMN IF NOT EXISTS level UInt8;
ALTER TABLE wrn_event {{on_cluster}} ADD COLUMN IF NOT EXISTS attachments Array(String);

-- One row per rule that worked in the evaluation of a week: only what was looked for can have come late.
CREATE TABLE IF NOT EXISTS {{table "wrn_rule"}} {{on_cluster}}
(
    rule    LowCardinality(String),
    version LowCardinality(String),
    week    LowCardinality(String) COMMENT 'ISO week evaluated',
    at      DateTime64(3, 'UTC'),
    run     UInt64 COMMENT 'in ops_run',
    n       UInt32 COMMENT 'warnings that it saw'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (rule, version, week);
{{distributed "wrn_rule" "cityHash64(rule)"}}
