-- name: transform_roster
-- title: Roster coverage of the strata of a dimension on a reading date
SELECT dim_value, on_roster, known
FROM fct_roster_coverage
WHERE as_of_date = {day:Date32} AND dim = {dim:String}
