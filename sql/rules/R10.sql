-- id: R10
-- version: 1
-- title: 疑似职业病逾期未进入诊断 | Suspected case without a diagnosis started
-- message: 疑似{what}（卡片 {card}，{employer}）报告后{days}天仍未进入诊断
--   | suspected {what} (card {card}, {employer}): no diagnosis started {days} days after the report
-- severity: orange
-- addressee: EMP, TS, JDS
-- due: 10 working days
-- life: state
-- source: found: GBZ 188-2025 annex G, the employer arranges the diagnosis within 30 days
-- params: days = 30, max_days = 365
-- A diagnosis has started when a card of the disease is linked to the suspected card, or exists for the same
-- person and disease, or the card itself says how the suspicion ended. Cases older than max_days are no longer
-- a matter of a first call.
WITH diagnosed AS
(
    SELECT person_key, disease::String AS disease, linked_suspect_card, ifNull(diagnosis_date, report_date) AS started
    FROM stg_case_report
    WHERE card_kind != 'suspected' AND ifNull(diagnosis_date, report_date) <= {week_end:Date32}
)
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    card_no                                                                      AS cause,
    toFloat64(dateDiff('day', report_date, {week_end:Date32}))                   AS score,
    map('days', toString(dateDiff('day', report_date, {week_end:Date32})), 'card', card_no, 'reported', toString(report_date),
        'employer', if(dim_employer.employer_name = '', card.employer_name::String, dim_employer.employer_name),
        'what', if(dim_disease.name_zh = '', disease_text::String, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_text::String, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM stg_case_report AS card
LEFT JOIN dim_employer ON dim_employer.employer_key = card.employer_key::String
LEFT JOIN dim_disease ON dim_disease.disease = card.disease
WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
    AND outcome_of_suspect NOT IN ('diagnosed', 'excluded', 'lost')
    AND addDays(report_date, {days:Int32}) < {week_end:Date32}
    AND report_date > addDays({week_end:Date32}, -{max_days:Int32})
    AND card_no NOT IN (SELECT linked_suspect_card FROM diagnosed WHERE linked_suspect_card != '')
    AND (person_key, card.disease::String) NOT IN (SELECT person_key, disease FROM diagnosed)
