-- name: transform_years
-- title: What an indicator counted in the years that are not computed anew, as columns
SELECT
    groupArray(variant::String) AS variants, groupArray(period::String) AS periods, groupArray(as_of_date) AS days,
    groupArray(dim::String) AS dims, groupArray(dim_value::String) AS dim_values, groupArray(area::String) AS areas,
    groupArray(numerator) AS numerators, groupArray(ifNull(denominator, nan)) AS denominators
FROM {{ident .Database}}.ind_value
WHERE indicator = {{literal .Indicator}} AND period_kind = 'year'
    AND period NOT IN (SELECT period FROM {{ident .Table}} WHERE indicator = {{literal .Indicator}} AND period_kind = 'year')
