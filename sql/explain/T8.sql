-- id: T8
-- title: 一行为一例报告的新发职业病 | a new case that was reported
SELECT
    employer_key,
    concat(toString(person_key), ' ', disease_key)                          AS entity,
    is_pneumoconiosis AND ifNull(exposure_months < 60, false)               AS numerator,
    {variant:String} = 'literal' OR is_pneumoconiosis                       AS denominator,
    is_pneumoconiosis AND exposure_months IS NULL                           AS missing,
    [concat('case_report:', toString(batch), ':', toString(row))]           AS lines
FROM fct_case
WHERE report_date BETWEEN {from:Date32} AND {to:Date32}
