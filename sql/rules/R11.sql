-- id: R11
-- version: 1
-- title: 疑似职业病长期未结案 | Suspected case open for long
-- message: 疑似{what}（卡片 {card}，{employer}）报告后{days}天仍未结案
--   | suspected {what} (card {card}, {employer}): still open {days} days after the report
-- severity: orange
-- addressee: WJW, JDS
-- due: 10 working days
-- life: state
-- source: proposal (rules.md A); the national entry rate found is only 39 %
-- params: orange_days = 90, red_days = 180, max_days = 730
-- Open: no card of the disease is linked or exists for the person and disease, and the card does not say how the suspicion ended. Red above
-- red_days.
WITH diagnosed AS
(
    SELECT person_key, disease::String AS disease, linked_suspect_card
    FROM stg_case_report
    WHERE card_kind != 'suspected' AND ifNull(diagnosis_date, report_date) <= {week_end:Date32}
)
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    if(days > {red_days:Int32}, 'red', 'orange')                                 AS severity,
    card_no                                                                      AS cause,
    toFloat64(dateDiff('day', report_date, {week_end:Date32}) AS days)           AS score,
    map('days', toString(days), 'card', card_no, 'employer', if(dim_employer.employer_name = '', card.employer_name::String, dim_employer.employer_name),
        'what', if(dim_disease.name_zh = '', disease_text::String, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_text::String, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM stg_case_report AS card
LEFT JOIN dim_employer ON dim_employer.employer_key = card.employer_key::String
LEFT JOIN dim_disease ON dim_disease.disease = card.disease
WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
    AND outcome_of_suspect NOT IN ('diagnosed', 'excluded', 'lost')
    AND days > {orange_days:Int32} AND days <= {max_days:Int32}
    AND card_no NOT IN (SELECT linked_suspect_card FROM diagnosed WHERE linked_suspect_card != '')
    AND (person_key, card.disease::String) NOT IN (SELECT person_key, disease FROM diagnosed)
