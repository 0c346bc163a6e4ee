-- name: patient_steps
-- title: Cases and persons that have reached each step, and patients by class of aid
-- Only cases whose file begins in the period (suspected, else diagnosed, else first visited). A person counts once in a step; in the
-- classes of aid living patients count once, by their latest case.
WITH files AS
(
    SELECT
        *,
        coalesce(suspected_date, diagnosed_date, followed_date, last_date)                                  AS begun,
        if({by:String} = 'township', ['', area], [''])                                                      AS places
    FROM fct_patient_case
    WHERE ({area:String} = '' OR area = {area:String}) AND begun BETWEEN {start:Date32} AND {end:Date32} AND begun <= {today:Date32}
)
SELECT
    'step' AS kind, step.1 AS name, place, toFloat64(countIf(step.2)) AS n_cases,
    toFloat64(uniqExactIf(person_key, step.2)) AS n_persons,
    0. AS n_stated, 0. AS n_aided, 0. AS n_not_aided
FROM files
ARRAY JOIN places AS place
ARRAY JOIN [
    ('suspected', suspected_date IS NOT NULL), ('diagnosed', is_diagnosed), ('appraised', appraised_date IS NOT NULL OR appraisal_result != ''),
    ('recognised', recognised_date IS NOT NULL), ('benefits', benefit_date IS NOT NULL), ('followed', followed_date IS NOT NULL),
    ('dead', death_date IS NOT NULL), ('reversed', appraisal_result = 'reversed')] AS step
GROUP BY name, place
UNION ALL
SELECT
    'aid', class, place, toFloat64(sum(cases)), toFloat64(count()), toFloat64(countIf(stated)), toFloat64(countIf(ifNull(aided, false))), toFloat64(countIf(NOT ifNull(aided, true)))
FROM
(
    SELECT
        person_key, place, count() AS cases, max(death_date) AS died,
        argMax(aid_class, (last_date, case_key))        AS class,
        argMax(is_class_stated, (last_date, case_key))  AS stated,
        argMax(is_aided, (is_aided IS NOT NULL, last_date, case_key)) AS aided
    FROM files
    ARRAY JOIN places AS place
    WHERE aid_class != '' AND appraisal_result != 'reversed'
    GROUP BY person_key, place
)
WHERE died IS NULL OR died > {today:Date32}
GROUP BY class, place
