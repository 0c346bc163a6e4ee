-- id: R08
-- version: 1
-- title: 罕见或新出现的职业病 | Rare or new kind of disease
-- message: {object}：报告{what}（{why}，{reported}）
--   | {object}: {what} reported {reported} ({why})
-- severity: orange
-- addressee: CDC
-- due: 10 working days
-- life: event
-- source: proposal (rules.md A)
-- params: rare = OD2024-05-01;OD2024-05-03;OD2024-05-24;OD2024-05-30;OD2024-05-37;OD2024-05-48, words = 铅|锰|正己烷|二甲基甲酰胺|三氯乙烯, categories = 7;9, history_days = 1095, lookback_days = 90
-- New cases of radiation diseases and tumours (categories 7 and 9), of lead, manganese, n-hexane, DMF and TCE (by id, or by word where the name is
-- still open; the catalogue has TCE dermatitis among skin diseases), and the first case of any disease in the city once the cards reach
-- back history_days.
WITH
    (SELECT min(report_date) FROM fct_case WHERE report_date > toDate32('1950-01-01')) AS first_card,
    firsts AS (SELECT disease_key AS known_disease, min(report_date) AS first_report FROM fct_case GROUP BY known_disease)
SELECT
    if(fct_case.employer_key = '', 'person', 'employer')                         AS object_kind,
    if(fct_case.employer_key = '', toString(person_key), fct_case.employer_key)  AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name,
        fct_case.employer_name != '', fct_case.employer_name, substring(toString(person_key), 1, 8)) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    card_no                                                                      AS cause,
    if(is_first, 2, 1)                                                           AS score,
    map('reported', toString(report_date), 'why', if(is_first, '本市首例', '重点病种'), 'why_en', if(is_first, 'first case in the city', 'disease of special notice'),
        'what', if(dim_disease.name_zh = '', disease_name, dim_disease.name_zh),
        'what_en', if(dim_disease.name_en = '', disease_name, dim_disease.name_en)) AS args,
    [concat('case_report:', toString(batch), ':', toString(row))]                AS evidence,
    1                                                                            AS n_evidence
FROM fct_case
LEFT JOIN dim_employer ON dim_employer.employer_key = fct_case.employer_key
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
LEFT JOIN firsts ON firsts.known_disease = fct_case.disease_key
WHERE report_date <= {week_end:Date32} AND report_date > addDays({week_end:Date32}, -{lookback_days:Int32})
    AND ((firsts.first_report = report_date AND dateDiff('day', first_card, report_date) >= {history_days:Int32} AS is_first)
        OR fct_case.disease IN splitByChar(';', {rare:String})
        OR toString(dim_disease.category_no) IN splitByChar(';', {categories:String})
        OR match(if(dim_disease.name_zh = '', disease_name, dim_disease.name_zh), {words:String}))
