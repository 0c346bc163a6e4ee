-- name: transform_values
-- title: Values of an indicator in a period
SELECT
    v.indicator AS indicator, v.version AS version, v.variant AS variant, v.period AS period, v.area AS area,
    v.dim AS dim, v.dim_value AS dim_value, v.numerator AS numerator, v.denominator AS denominator, v.value AS value,
    v.lower AS lower, v.upper AS upper, v.target AS target, v.gap AS gap, v.missing AS missing, v.status AS status,
    v.as_of_date AS as_of_date, c.unit AS unit, c.is_headline AS is_headline, c.breaks AS breaks
FROM ind_value AS v
INNER JOIN ind_catalog AS c ON c.indicator = v.indicator AND c.variant = v.variant
WHERE (v.indicator = {indicator:String} OR {indicator:String} = '')
    AND (v.variant = {variant:String} OR {variant:String} = '')
    AND v.period = {period:String}
    AND v.dim = {dim:String}
    AND (v.area = {area:String} OR {area:String} = '')
ORDER BY c.position, v.indicator, c.is_headline DESC, v.variant, v.dim_value
