-- name: dim_day
-- title: 统计日 | Days and their periods
-- grain: one row per day up to today and reporting period that holds it
-- order: day, period_kind
SELECT
    addDays(start_date, toInt32(offset))::Date32 AS day,
    period_kind,
    period
FROM dim_period
ARRAY JOIN range(toUInt32(dateDiff('day', start_date, as_of_date) + 1)) AS offset
