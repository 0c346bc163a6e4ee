-- id: T1
-- title: 一行为一家应申报的用人单位 | an employer that must declare
-- The declarations are those accepted up to the day; for the strict reading those of its calendar year.
SELECT
    reading.employer_key                                                                AS employer_key,
    ''                                                                                  AS entity,
    denominator AND if({variant:String} = 'strict', declared.in_year, declared.employer_key != '') AS numerator,
    {variant:String} != 'severe_10' OR (risk_class = 'severe' AND employees >= 10)      AS denominator,
    0                                                                                   AS missing,
    papers.lines                                                                        AS lines
FROM fct_employer_reading AS reading
INNER JOIN (SELECT employer_key, risk_class, employees FROM dim_employer) AS firm ON firm.employer_key = reading.employer_key
LEFT JOIN (SELECT * FROM fct_declaration_status WHERE as_of_date = {to:Date32} AND basis = '') AS declared ON declared.employer_key = reading.employer_key
LEFT JOIN
(
    SELECT employer_key::String AS employer_key, arraySort(groupArray(concat('declaration:', toString(batch), ':', toString(row)))) AS lines
    FROM stg_declaration
    WHERE accept_date <= {to:Date32} AND ({variant:String} != 'strict' OR toYear(accept_date) = toYear({to:Date32}))
    GROUP BY employer_key
) AS papers ON papers.employer_key = reading.employer_key
WHERE reading.as_of_date = {to:Date32} AND is_due AND denominator
