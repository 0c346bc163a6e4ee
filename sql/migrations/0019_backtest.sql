-- name: backtest
-- title: What back-tests found

-- +goose Up

CREATE TABLE IF NOT EXISTS {{table "wrn_backtest"}} {{on_cluster}}
(
    run       UInt64 COMMENT 'number of the back-test',
    at        DateTime64(3, 'UTC'),
    from_week LowCardinality(String) COMMENT 'first ISO week replayed',
    to_week   LowCardinality(String) COMMENT 'last one',
    document  String COMMENT 'JSON as printed, docs/backtest.md',
    by        LowCardinality(String)
)
ENGINE = {{engine "MergeTree"}}
ORDER BY run;
{{distributed "wrn_backtest" "cityHash64(run)"}}
