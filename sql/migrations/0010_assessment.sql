-- name: assessment
-- title: Assessments of townships and departments
-- Append-only. The items are written first, the row that says computed last: an assessment without one does not exist.

-- +goose Up

-- One row per event in the life of an assessment.
CREATE TABLE IF NOT EXISTS {{table "ops_assessment"}} {{on_cluster}}
(
    assessment       UInt64 COMMENT 'number, rising with time',
    at               DateTime64(3, 'UTC'),
    event            Enum8('computed' = 1, 'locked' = 2, 'appealed' = 3, 'answered' = 4),
    scheme           LowCardinality(String),
    version          LowCardinality(String) COMMENT 'of the scheme',
    scheme_text      String COMMENT 'the file, of the event computed',
    period           LowCardinality(String),
    snapshot         UInt64 COMMENT 'that holds the values',
    snapshot_sha256  String,
    result_sha256    String COMMENT 'of the canonical bytes of the result',
    replaces         UInt64 COMMENT 'locked assessment in whose place this one is locked, 0: none',
    appeal_until     Nullable(DateTime64(3, 'UTC')) COMMENT 'of the event locked',
    unit             LowCardinality(String) COMMENT 'township or department that appeals, or is answered',
    item             LowCardinality(String) COMMENT 'of the appeal, empty: the result as a whole',
    text             String COMMENT 'of the appeal, the answer or the reason',
    by               LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (assessment, at);
{{distributed "ops_assessment" "assessment"}}

-- One row per unit and item of an assessment.
CREATE TABLE IF NOT EXISTS {{table "ops_assessment_item"}} {{on_cluster}}
(
    assessment   UInt64,
    unit_kind    LowCardinality(String) COMMENT 'township, department',
    unit         LowCardinality(String) COMMENT 'township or department code',
    name_zh      String,
    name_en      String,
    item         LowCardinality(String) COMMENT 'indicator:variant',
    indicator    LowCardinality(String),
    variant      LowCardinality(String),
    area         LowCardinality(String) COMMENT 'whose value it is',
    rule         LowCardinality(String) COMMENT 'level, trend',
    weight       Float64,
    full_at      Nullable(Float64),
    zero_at      Nullable(Float64),
    numerator    Nullable(Float64),
    denominator  Nullable(Float64),
    value        Nullable(Float64),
    counted      Nullable(Float64) COMMENT 'end of the 95 % interval that was held against full_at and zero_at',
    state        LowCardinality(String) COMMENT 'scored, few, no_data, no_evidence',
    points       Nullable(Float64) COMMENT '0 to weight; empty: not scored',
    one_more     Nullable(Float64) COMMENT 'points if one more unit had been fulfilled'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (assessment, unit_kind, unit, item);
{{distributed "ops_assessment_item" "assessment"}}
