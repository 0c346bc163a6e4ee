-- name: dim_reading
-- title: 读数日 | Reading dates
-- grain: one row per day on which rates are read
-- order: as_of_date
SELECT DISTINCT as_of_date FROM dim_period
