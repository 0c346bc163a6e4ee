-- name: transform_emitted
-- title: When each week was emitted
SELECT week::String AS week, min(at) AS emitted_at FROM wrn_emission GROUP BY week ORDER BY week
