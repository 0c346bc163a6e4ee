-- name: series
-- title: Results of the statistical detectors for every series, stratum and week
-- det_point of 0003 had one row per method, no p-value and no reason. Its rows follow from the loaded data, so it is
-- made anew and filled by the next transform.

-- +goose Up

DROP TABLE IF EXISTS det_point {{on_cluster}};
DROP TABLE IF EXISTS {{table "det_point"}} {{on_cluster}};

-- One row per series, stratum, week and detector, judged or not. The newest run counts; is_deleted takes a row back.
CREATE TABLE IF NOT EXISTS {{table "det_point"}} {{on_cluster}}
(
    series          LowCardinality(String) COMMENT 'id of the definition in sql/series',
    stratum         LowCardinality(String) COMMENT 'township code or other key, parts joined by |',
    week_start      Date32,
    week            LowCardinality(String) COMMENT '2026-W46',
    detector        LowCardinality(String) COMMENT 'as the definition names it: auto, window_test, ears_c1',
    method          LowCardinality(String) COMMENT 'that judged the week',
    version         LowCardinality(String) COMMENT 'of the definition',
    program         LowCardinality(String) COMMENT 'version of the arithmetic',
    parameters      LowCardinality(String) COMMENT 'name = value, all that the definition has',
    observed        Float64 COMMENT 'of the week, known so far',
    population      Nullable(Float64) COMMENT 'of the week; empty: the series has none',
    expected        Nullable(Float64) COMMENT 'of the week, of what is known so far',
    lower           Nullable(Float64) COMMENT 'smallest count of the week that does not alarm',
    threshold       Nullable(Float64) COMMENT 'largest count of the week that does not alarm',
    score           Nullable(Float64) COMMENT 'distance from the expected, that of the threshold being 1; for EARS in standard deviations',
    p               Nullable(Float64) COMMENT 'probability of so much, or so little, when nothing has changed',
    alarm           Bool,
    reason          LowCardinality(String) COMMENT 'why there is no result; empty: there is one',
    is_provisional  Bool COMMENT 'facts of the week are still to come',
    share_reported  Nullable(Float64) COMMENT 'of a provisional week, 0 to 1',
    nowcast         Nullable(Float64) COMMENT 'of a provisional week: the count when all is reported, median',
    nowcast_lower   Nullable(Float64) COMMENT '95 % interval',
    nowcast_upper   Nullable(Float64),
    n_weeks         UInt16 COMMENT 'judged together, the week the last of them',
    judged_cases    Nullable(Float64) COMMENT 'in the weeks judged together, known so far',
    judged_expected Nullable(Float64),
    input           UInt64 COMMENT 'digest of all that the result depends on',
    run             UInt64 COMMENT 'of ops_run',
    is_deleted      UInt8,
    computed_at     DateTime64(3, 'UTC')
)
ENGINE = {{engine "ReplacingMergeTree(run, is_deleted)"}}
ORDER BY (series, stratum, detector, week_start);
{{distributed "det_point" "cityHash64(stratum)"}}

-- One row per stratum of a series: what it is called. The newest run counts.
CREATE TABLE IF NOT EXISTS {{table "det_stratum"}} {{on_cluster}}
(
    series   LowCardinality(String),
    stratum  String,
    name_zh  String,
    name_en  String,
    area     LowCardinality(String) COMMENT 'township code, city code or unassigned',
    run      UInt64
)
ENGINE = {{engine "ReplacingMergeTree(run)"}}
ORDER BY (series, stratum);
{{distributed "det_stratum" "cityHash64(stratum)"}}

-- One row per run of a series: of what data it was made, and how much had to be computed.
CREATE TABLE IF NOT EXISTS {{table "det_run"}} {{on_cluster}}
(
    series      LowCardinality(String),
    run         UInt64 COMMENT 'of ops_run',
    at          DateTime64(3, 'UTC'),
    version     LowCardinality(String),
    program     LowCardinality(String),
    week        LowCardinality(String) COMMENT 'at whose end things were known',
    signature   String COMMENT 'of the definition and of all that it reads',
    is_full     Bool,
    n_strata    UInt32,
    n_weeks     UInt32 COMMENT 'of the calendar',
    n_computed  UInt64 COMMENT 'weeks of strata that were computed',
    n_removed   UInt64 COMMENT 'rows taken back',
    shares      Array(Float64) COMMENT 'reported of the last week, the one before, and so on',
    seconds     Float64
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (series, run);
{{distributed "det_run" "cityHash64(series)"}}
