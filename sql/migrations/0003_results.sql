-- name: results
-- title: Indicator values and warnings
-- What the transform writes and what reports read.

-- +goose Up

-- One row per indicator, variant, period, area and stratum. Rebuilt aside and swapped.
CREATE TABLE IF NOT EXISTS {{table "ind_value"}} {{on_cluster}}
(
    indicator    LowCardinality(String) COMMENT 'T1 … T8, T4a, T4b, T5-I',
    version      LowCardinality(String) COMMENT 'of the definition',
    variant      LowCardinality(String) COMMENT 'one is the headline, see ind_catalog',
    period_kind  Enum8('month' = 1, 'quarter' = 2, 'year' = 3, 'week' = 4),
    period       LowCardinality(String) COMMENT '2025, 2025Q3, 2025-07, 2025-W46',
    as_of_date   Date32 COMMENT 'day on which the reading is taken: the end of the period, or today in a running one',
    area         LowCardinality(String) COMMENT 'city code, township code, or unassigned',
    dim          LowCardinality(String) COMMENT 'empty, township, industry, size',
    dim_value    LowCardinality(String) COMMENT 'township code, division code, size class; empty for the city',
    numerator    Float64,
    denominator  Nullable(Float64) COMMENT 'empty for plain counts',
    value        Nullable(Float64) COMMENT 'share 0 to 1, a count, or a rate per 100 000; empty: no data',
    lower        Nullable(Float64),
    upper        Nullable(Float64),
    target       Nullable(Float64),
    gap          Nullable(Float64) COMMENT 'units still missing to the target, never negative',
    missing      Float64 COMMENT 'units whose reading could not be decided, for example cases without exposure time',
    status       LowCardinality(String) COMMENT 'met, below, unstable, no_data, no_target, falling, rising, no_evidence',
    computed_at  DateTime64(3, 'UTC')
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (indicator, variant, period_kind, period, dim, dim_value);
{{distributed "ind_value" "cityHash64(indicator)"}}

-- One row per indicator and variant: what it means. Filled from the headers of sql/indicators.
CREATE TABLE IF NOT EXISTS {{table "ind_catalog"}} {{on_cluster}}
(
    indicator   LowCardinality(String),
    version     LowCardinality(String),
    variant     LowCardinality(String),
    is_headline Bool,
    title_zh    String,
    title_en    String,
    meaning_zh  String,
    meaning_en  String,
    unit        LowCardinality(String) COMMENT 'share, count, per_100000',
    direction   LowCardinality(String) COMMENT 'up, down',
    clause      String COMMENT 'of the source document',
    targets     Map(String, Float64) COMMENT 'year to target',
    position    UInt16 COMMENT 'order on a page'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (position, indicator, variant);
{{distributed "ind_catalog" "cityHash64(indicator)"}}

-- One row per event in the life of a warning; its state is the latest row.
CREATE TABLE IF NOT EXISTS {{table "wrn_event"}} {{on_cluster}}
(
    id          LowCardinality(String) COMMENT 'stable: rule and hash of object and cause',
    at          DateTime64(3, 'UTC'),
    event       Enum8('opened' = 1, 'seen_again' = 2, 'resolved' = 3, 'reopened' = 4, 'acknowledged' = 5,
                      'closed' = 6, 'comment' = 7),
    week        LowCardinality(String) COMMENT 'ISO week evaluated, 2026-W46',
    rule        LowCardinality(String),
    version     LowCardinality(String) COMMENT 'of the rule',
    severity    Enum8('red' = 1, 'orange' = 2, 'yellow' = 3, 'blue' = 4),
    object_kind LowCardinality(String) COMMENT 'employer, person, township, institution, stream, post',
    object      String COMMENT 'key of the object',
    object_name String COMMENT 'name shown; persons appear by pseudonym only',
    area        LowCardinality(String) COMMENT 'township code, city code or unassigned',
    addressee   Array(LowCardinality(String)),
    cause       String COMMENT 'what makes it one warning with the object and the rule',
    due         Nullable(Date32),
    score       Float64 COMMENT 'size of the matter, for ranking inside a severity',
    args        Map(LowCardinality(String), String) COMMENT 'what the message of the rule needs',
    evidence    Array(String) COMMENT 'rows behind it: stream:batch:row',
    n_evidence  UInt32 COMMENT 'all of them, also those beyond the listed ones',
    outcome     LowCardinality(String),
    by          LowCardinality(String),
    comment     String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (id, at);
{{distributed "wrn_event" "cityHash64(id)"}}

-- One row per series, week and method of the statistical detectors, alarm or not.
CREATE TABLE IF NOT EXISTS {{table "det_point"}} {{on_cluster}}
(
    series      LowCardinality(String) COMMENT 'name of the series definition',
    stratum     LowCardinality(String) COMMENT 'township code or other stratum',
    week        LowCardinality(String),
    week_start  Date32,
    method      LowCardinality(String) COMMENT 'ears_c1, ears_c2, ears_c3',
    version     LowCardinality(String),
    observed    Float64,
    expected    Nullable(Float64),
    threshold   Nullable(Float64),
    score       Nullable(Float64),
    alarm       Bool,
    parameters  String COMMENT 'JSON',
    computed_at DateTime64(3, 'UTC')
)
ENGINE = {{engine "ReplacingMergeTree(computed_at)"}}
ORDER BY (series, stratum, method, version, week);
{{distributed "det_point" "cityHash64(stratum)"}}
