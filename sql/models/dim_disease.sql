-- name: dim_disease
-- title: 职业病 | Occupational diseases
-- grain: one row per disease of the catalogue
-- order: disease
SELECT
    internal_id                     AS disease,
    name_zh,
    name_en,
    category_zh,
    category_en,
    `group` = 'pneumoconiosis'      AS is_pneumoconiosis
FROM ref_diseases
