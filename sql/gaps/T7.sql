-- id: T7
-- title: 新发职业病病例 | New cases of occupational disease
-- unit: case
-- department: wjw
-- variants: diagnosis, report, rate_exposed
-- No target in numbers: the list holds the cases themselves.
SELECT
    reading.1 AS variant, employer_key, count() AS numerator, NULL::Nullable(Float64) AS denominator,
    min(reading.2)::Nullable(Date32) AS since, 'case' AS reason,
    groupArray((concat(toString(person_key), ' ', disease_name), 'case', reading.2)::Tuple(String, String, Nullable(Date32))) AS names, 0 AS beyond
FROM fct_case
ARRAY JOIN [('diagnosis', diagnosis_date), ('report', report_date), ('rate_exposed', diagnosis_date),
    ('catalogue_2013', if(is_in_2013, diagnosis_date, NULL))]::Array(Tuple(String, Nullable(Date32))) AS reading
WHERE reading.2 BETWEEN {start:Date32} AND {day:Date32}
GROUP BY variant, employer_key
