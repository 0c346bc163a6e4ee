-- name: explain_strata
-- title: The stratum of each employer in a dimension
SELECT employer_key, arrayFirst(s -> s.1 = {dim:String}, strata).2 AS dim_value
FROM dim_employer
WHERE employer_key IN {keys:Array(String)}
ORDER BY employer_key
