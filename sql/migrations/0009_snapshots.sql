-- name: snapshots
-- title: Frozen values behind what was published
-- Append-only. The values are written first, the row of ops_snapshot last: a snapshot without one does not exist.

-- +goose Up

-- One row per snapshot: what it is of, what was known when its values were computed, and the hashes that hold it.
CREATE TABLE IF NOT EXISTS {{table "ops_snapshot"}} {{on_cluster}}
(
    snapshot         UInt64 COMMENT 'number, rising with time',
    at               DateTime64(3, 'UTC') COMMENT 'instant of freezing',
    kind             LowCardinality(String) COMMENT 'bulletin, assessment, other',
    name             String COMMENT 'of the bulletin or assessment, or as somebody called it',
    periods          Array(String) COMMENT 'whose values it holds in all strata',
    read_on          Date32 COMMENT 'day on which values of running periods were read',
    as_of            Nullable(Date32) COMMENT 'only what was known at the end of this day; empty: all that was loaded',
    city             LowCardinality(String),
    batches          Array(UInt64) COMMENT 'that counted, ascending',
    decisions        UInt64 COMMENT 'number of the last decision on a name that counted',
    definitions      Map(String, String) COMMENT 'indicator to the hash of its definition and of the models behind it',
    `references`     Map(String, String) COMMENT 'code list to its SHA-256',
    document         String COMMENT 'name of the file that was published, empty when there is none',
    document_sha256  String,
    n_values         UInt64,
    values_sha256    String COMMENT 'of the canonical bytes of the values',
    previous_sha256  String COMMENT 'of the snapshot before; empty for the first',
    sha256           String COMMENT 'of the canonical bytes of all the above',
    by               LowCardinality(String),
    comment          String
)
ENGINE = {{engine "MergeTree"}}
ORDER BY snapshot;
{{distributed "ops_snapshot" "snapshot"}}

-- One row per value of a snapshot, with the columns of ind_value.
CREATE TABLE IF NOT EXISTS {{table "ind_snapshot"}} {{on_cluster}}
(
    snapshot     UInt64,
    indicator    LowCardinality(String),
    version      LowCardinality(String),
    variant      LowCardinality(String),
    period       LowCardinality(String),
    as_of_date   Date32,
    area         LowCardinality(String),
    dim          LowCardinality(String),
    dim_value    LowCardinality(String),
    numerator    Float64,
    denominator  Nullable(Float64),
    value        Nullable(Float64),
    lower        Nullable(Float64),
    upper        Nullable(Float64),
    target       Nullable(Float64),
    gap          Nullable(Float64),
    missing      Float64,
    status       LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (snapshot, indicator, variant, period, dim, dim_value);
{{distributed "ind_snapshot" "snapshot"}}
