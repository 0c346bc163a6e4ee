-- id: T7
-- title: 一行为一例新发职业病（率的分母：一家用人单位） | a new case; of the denominator of the rate an employer
SELECT
    employer_key,
    concat(toString(person_key), ' ', disease_key)                        AS entity,
    1                                                                     AS numerator,
    if({variant:String} = 'rate_exposed', toNullable(0), NULL)            AS denominator,
    0                                                                     AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))]         AS lines
FROM fct_case
WHERE if({variant:String} = 'report', report_date, diagnosis_date) BETWEEN {from:Date32} AND {to:Date32}
    AND ({variant:String} != 'catalogue_2013' OR is_in_2013)
UNION ALL
SELECT reading.employer_key, '', 0, toNullable(toInt64(exposed_total)), 0, []
FROM fct_employer_reading AS reading
INNER JOIN dim_employer ON dim_employer.employer_key = reading.employer_key
WHERE {variant:String} = 'rate_exposed' AND reading.as_of_date = {to:Date32} AND on_roster AND exposed_total > 0
