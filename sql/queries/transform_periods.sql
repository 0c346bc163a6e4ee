-- name: transform_periods
-- title: The periods in which an indicator is computed anew
SELECT period_kind, period FROM {{ident .Table}} WHERE indicator = {{literal .Indicator}}
