-- name: explain_today
-- title: The day on which the values of running periods were read last
SELECT max(as_of_date) FROM dim_period
