-- name: snapshot_values
-- title: Values of a snapshot in the order of the canonical bytes
SELECT
    snapshot, indicator::String AS indicator, version::String AS version, variant::String AS variant, period::String AS period, as_of_date,
    area::String AS area, dim::String AS dim, dim_value::String AS dim_value, numerator, denominator, value, lower, upper, target, gap, missing,
    status::String AS status
FROM ind_snapshot
WHERE snapshot = {snapshot:UInt64}
ORDER BY indicator, variant, period, dim, dim_value
