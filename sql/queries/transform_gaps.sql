-- name: transform_gaps
-- title: Who keeps an indicator from its target, what closes the gap fastest first
-- The body returns, for each variant and employer, numerator, denominator, since, reason, names (name, reason, since) and
-- beyond. What is missing at an employer is the denominator less the numerator, for a falling indicator the numerator
-- itself; less than nothing is a surplus of numerator. Only rows of the area count; the sums are over all of them.
SELECT
    employer_key, employer_name, area, area_zh, area_en, industry_code,
    numerator, denominator, missing, since, reason, beyond,
    arrayMap(n -> n.1, names) AS name_keys, arrayMap(n -> n.2, names) AS name_reasons, arrayMap(n -> n.3, names) AS name_sinces,
    all_numerator, all_denominator, surplus
FROM
(
    SELECT
        listed.employer_key::String                                                       AS employer_key,
        if(employer_name = '', listed.employer_key::String, employer_name)                AS employer_name,
        {{if .Placed}}if(listed.own_area != '', listed.own_area, if(dim_employer.employer_key = '', 'unassigned', dim_employer.area)){{else}}if(dim_employer.employer_key = '', 'unassigned', dim_employer.area){{end}}::String AS area,
        name_zh::String                                                                   AS area_zh,
        name_en::String                                                                   AS area_en,
        industry_code::String                                                             AS industry_code,
        toFloat64(listed.numerator)                                                       AS numerator,
        ifNull(toFloat64(listed.denominator), 0)                                          AS denominator,
        {{if .Falling}}numerator{{else}}round(denominator - numerator, 9){{end}}          AS missing,
        listed.since::Nullable(Date32)                                                    AS since,
        listed.reason::String                                                             AS reason,
        arraySort(n -> (ifNull(n.3, toDate32('2299-12-31')), n.1), listed.names)          AS names,
        toFloat64(listed.beyond)                                                          AS beyond,
        sum(numerator) OVER ()                                                            AS all_numerator,
        sum(denominator) OVER ()                                                          AS all_denominator,
        sum(greatest(-missing, 0)) OVER ()                                                AS surplus,
        row_number() OVER (ORDER BY listed.employer_key, area)                                  AS position
    FROM
    (
{{.Body}}
    ) AS listed
    LEFT JOIN dim_employer ON dim_employer.employer_key = listed.employer_key
    LEFT JOIN dim_township ON dim_township.township = {{if .Placed}}if(listed.own_area != '', listed.own_area, dim_employer.area){{else}}dim_employer.area{{end}}
    WHERE listed.variant = {variant:String} AND ({area:String} = '' OR area = {area:String})
)
WHERE missing > 0 OR position = 1
ORDER BY missing DESC, reason IN ('lapsed', 'partly') DESC, ifNull(since, toDate32('2299-12-31')), employer_key, area
