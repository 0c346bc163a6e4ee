-- name: exposure_groups
-- title: Estimates for similar exposure groups

-- +goose Up

-- One row per similar exposure group and year: what its measurements say and how EN 689 judges them. Written by the transform
-- from fct_exposure_group, aside, and swapped; groups whose measurements are as they were keep their rows.
CREATE TABLE IF NOT EXISTS {{table "ind_exposure_group"}} {{on_cluster}}
(
    employer_key     String,
    employer_name    String,
    workshop         String,
    post             String,
    hazard           LowCardinality(String),
    fraction         LowCardinality(String) COMMENT 'total, respirable, empty',
    limit_type       LowCardinality(String) COMMENT 'TWA, STEL, MAC, PE',
    year             UInt16 COMMENT 'of sampling',
    unit             LowCardinality(String),
    limit_used       Float64 COMMENT 'lowest that the results were held against; 0: none',
    n                UInt64 COMMENT 'measurements, those below quantification included',
    n_below          UInt64 COMMENT 'below quantification',
    n_unusable       UInt64 COMMENT 'further results without value or level of quantification',
    n_personal       UInt64 COMMENT 'results of personal samplers',
    n_over           UInt64 COMMENT 'results judged over',
    share_below      Float64 COMMENT '0 to 1',
    method           LowCardinality(String) COMMENT 'sample, mle, ros, none',
    is_reliable      Bool COMMENT 'six measurements or more, three of them detected, at most four fifths below quantification',
    gm               Nullable(Float64) COMMENT 'geometric mean, in the unit',
    gsd              Nullable(Float64) COMMENT 'geometric standard deviation',
    mean             Nullable(Float64) COMMENT 'arithmetic mean, in the unit',
    p95              Nullable(Float64) COMMENT '95th percentile, in the unit',
    p95_upper        Nullable(Float64) COMMENT 'its upper 95 % confidence limit, one-sided',
    exceedance       Nullable(Float64) COMMENT 'share of exposures above the limit, 0 to 1',
    exceedance_upper Nullable(Float64) COMMENT 'its upper 95 % confidence limit, one-sided',
    preliminary      LowCardinality(String) COMMENT 'EN 689 5.5.2, for 3 to 5 measurements: compliance, no-decision, non-compliance',
    u_r              Nullable(Float64) COMMENT 'EN 689 5.5.3, for 6 measurements or more',
    u_t              Nullable(Float64),
    test             LowCardinality(String) COMMENT 'compliance, non-compliance, empty',
    verdict          LowCardinality(String) COMMENT 'compliance, non-compliance, no-decision, too-few, no-limit',
    digest           UInt64 COMMENT 'of the measurements',
    program          UInt32 COMMENT 'version of the estimation'
)
ENGINE = {{engine "MergeTree"}}
ORDER BY (employer_key, workshop, post, hazard, fraction, limit_type, year, unit);
{{distributed "ind_exposure_group" "cityHash64(employer_key)"}}
