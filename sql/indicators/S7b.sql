-- id: S7b
-- version: 1
-- position: 141
-- set: standard
-- title: 疑似职业病确诊率 | Suspected cases confirmed
-- unit: share
-- direction: down
-- clause: 监测指标 S7b：确诊病例数/已作出诊断结论的疑似病例数
-- calendar: 疑似发现日期 | day of suspicion
-- strata: township, industry, size
-- numerator: 确诊的疑似病例 | suspected cases confirmed
-- denominator: 已有诊断结论的疑似病例 | suspected cases with a conclusion
-- flow: sum
-- headline: concluded
-- variants: concluded
-- variant_concluded: 按疑似发现日期 | by day of suspicion
WITH diagnoses AS
(
    SELECT person_key, groupArray((disease::String, ifNull(diagnosis_date, report_date), linked_suspect_card::String,
        concat('case_report:', toString(batch), ':', toString(row)))) AS cards
    FROM stg_case_report
    WHERE card_kind IN ('disease', 'pneumoconiosis', 'pesticide') AND report_kind IN ('new', 'correction', '')
    GROUP BY person_key
)
SELECT
    'concluded' AS variant, suspect.employer_key::String AS employer_key, ifNull(occur_date, report_date) AS day, '' AS entity,
    arrayFilter(c -> c.3 = card_no OR (c.2 >= day AND (c.1 = disease OR disease = '' OR c.1 = '')), diagnoses.cards) AS matching,
    outcome_of_suspect = 'diagnosed' OR notEmpty(matching) AS numerator,
    numerator OR outcome_of_suspect = 'excluded' AS denominator,
    NOT denominator AS missing,
    arrayPushFront(arrayMap(c -> c.4, matching), concat('case_report:', toString(suspect.batch), ':', toString(suspect.row))) AS lines
FROM stg_case_report AS suspect
LEFT JOIN diagnoses ON diagnoses.person_key = suspect.person_key
WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
