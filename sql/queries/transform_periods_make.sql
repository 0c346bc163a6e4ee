-- name: transform_periods_make
-- title: Make the table of the periods in which indicators are computed anew
CREATE TABLE {{ident .Table}} (indicator String, period_kind String, period String)
ENGINE = {{engine "MergeTree"}}
ORDER BY indicator
