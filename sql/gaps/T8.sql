-- id: T8
-- title: 接尘工龄不足5年的新发尘肺病病例 | New pneumoconiosis cases with less than five years of dust exposure
-- unit: case
-- department: wjw
-- No target in numbers: the list holds the cases with short exposure themselves.
SELECT
    reading.1 AS variant, employer_key, countIf(is_short) AS numerator, countIf(reading.2) AS denominator,
    minIf(report_date, is_short)::Nullable(Date32) AS first_short, if(numerator = 0, NULL, first_short) AS since, 'case' AS reason,
    groupArrayIf((concat(toString(person_key), ' ', disease_name), 'case', report_date)::Tuple(String, String, Nullable(Date32)), is_short) AS names, 0 AS beyond
FROM (SELECT *, ifNull(is_pneumoconiosis AND exposure_months < 60, false) AS is_short FROM fct_case WHERE report_date BETWEEN {start:Date32} AND {day:Date32})
ARRAY JOIN [('literal', true), ('pneumoconiosis', is_pneumoconiosis)] AS reading
GROUP BY variant, employer_key
