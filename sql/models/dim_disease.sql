-- name: dim_disease
-- title: 职业病 | Occupational diseases
-- grain: one row per disease of the catalogue
-- order: disease
SELECT
    internal_id                     AS disease,
    name_zh,
    name_en,
    toUInt8OrZero(category_no)      AS category_no,
    toUInt8OrZero(item_no)          AS item_no,
    in_2013_catalogue = 'yes'       AS is_in_2013,
    category_zh,
    category_en,
    `group` = 'pneumoconiosis'      AS is_pneumoconiosis
FROM ref_diseases
