-- name: assessment_townships
-- title: Townships of the city
SELECT township::String AS code, name_zh, name_en FROM dim_township ORDER BY township
