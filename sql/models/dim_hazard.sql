-- name: dim_hazard
-- title: 职业病危害因素 | Hazards
-- grain: one row per hazard of the catalogue
-- order: hazard
SELECT
    internal_id                                                       AS hazard,
    toUInt8OrZero(class_no)                                           AS class_no,
    class_zh,
    class_en,
    name_zh,
    name_en,
    key_factor = 'key'                                                AS is_key_factor,
    internal_id IN (SELECT hazard_id FROM ref_hazard_limit)           AS has_limit
FROM ref_hazards
