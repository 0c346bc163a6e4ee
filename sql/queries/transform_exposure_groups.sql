-- name: transform_exposure_groups
-- title: Groups whose estimates are not in a table yet
SELECT
    employer_key, employer_name, workshop, post, hazard, fraction, limit_type, year, unit, limit_used,
    n_unusable, n_personal, n_over, values, is_below, digest
FROM fct_exposure_group
WHERE (employer_key, workshop, post, hazard, fraction, limit_type, year, unit) NOT IN
(
    SELECT employer_key, workshop, post, hazard::String, fraction::String, limit_type::String, year, unit::String FROM {{ident .Aside}}
)
ORDER BY employer_key, workshop, post, hazard, fraction, limit_type, year, unit
