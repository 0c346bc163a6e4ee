-- name: transform_period
-- title: First day and reading day of a period
SELECT start_date, as_of_date FROM dim_period WHERE period = {period:String}
