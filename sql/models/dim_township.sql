-- name: dim_township
-- title: 乡镇、街道 | Townships
-- grain: one row per township of the city
-- order: township
SELECT
    code9   AS township,
    name_zh,
    name_en,
    kind
FROM ref_townships
WHERE county_code = {city:String}
