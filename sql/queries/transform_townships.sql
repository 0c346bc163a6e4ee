-- name: transform_townships
-- title: Townships of the city
SELECT township, name_zh, name_en FROM dim_township ORDER BY township
