-- name: fct_case
-- title: 新发职业病病例 | New cases of occupational disease
-- grain: one row per person and disease, first report
-- order: report_date, person_key
-- by_person_key: stg_case_report
-- Stage progressions, deaths, suspected cases and cases whose appraisal reversed the diagnosis are not new cases. An
-- unmatched disease name is a disease of its own.
-- The catalogue of 2024 is in force from 2025-08-01: what only it lists is no case before.
SELECT
    person_key,
    if(card.disease = '', disease_text::String, card.disease::String)                        AS disease_key,
    argMin(card.disease::String, rank)                                                         AS disease,
    argMin(disease_text::String, rank)                                                         AS disease_name,
    argMin(card.employer_key::String, rank)                                                    AS employer_key,
    argMin(employer_name::String, rank)                                                        AS employer_name,
    argMin(hazard::String, rank)                                                               AS hazard,
    min(diagnosis_date)                                                                          AS diagnosis_date,
    min(report_date)                                                                             AS report_date,
    argMin(tuple(exposure_months), rank).1                                                       AS exposure_months,
    argMin(severity::String, rank)                                                             AS severity,
    argMin(tuple(birth_date), rank).1                                                            AS birth_date,
    argMin(stage::String, rank)                                                                AS stage,
    argMin(card_no, rank)                                                                        AS card_no,
    argMin(batch, rank)                                                                          AS batch,
    argMin(row, rank)                                                                            AS row,
    max(card.disease = '' OR dim_disease.is_in_2013)                                             AS is_in_2013,
    max(dim_disease.is_pneumoconiosis OR (card.disease = '' AND card_kind = 'pneumoconiosis'))   AS is_pneumoconiosis
FROM
(
    SELECT *, (ifNull(diagnosis_date, report_date), report_date, card_no, batch, row) AS rank
    FROM stg_case_report
    WHERE card_kind IN ('disease', 'pneumoconiosis', 'pesticide') AND report_kind IN ('new', 'correction', '') AND appraisal_result != 'reversed'
) AS card
LEFT JOIN dim_disease ON dim_disease.disease = card.disease
GROUP BY person_key, disease_key
HAVING is_in_2013 OR ifNull(diagnosis_date, report_date) >= toDate32('2025-08-01')
