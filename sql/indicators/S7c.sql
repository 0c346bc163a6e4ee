-- id: S7c
-- version: 1
-- position: 143
-- set: standard
-- title: 疑似职业病到诊断结论的天数 | Days from suspicion to the conclusion of the diagnosis
-- unit: median
-- unit_p90: p90
-- direction: down
-- clause: 监测指标 S7c：疑似发现至诊断结论天数的中位数、P90（未结者按Kaplan-Meier删失）；用人单位应在30日内安排诊断（GBZ 188-2025附录G）
-- calendar: 疑似发现日期 | day of suspicion
-- strata: township, industry, size
-- numerator: 已有诊断结论（有日期）的疑似病例数 | suspected cases with a dated conclusion
-- denominator: 全部疑似病例 | all suspected cases
-- flow: survival
-- headline: median
-- variants: median, p90
-- variant_median: 中位天数 | median days
-- variant_p90: 90%的病例在此天数内有结论 | days within which 90 % have a conclusion
-- A case without a conclusion is open up to today. Of cases that were excluded, or concluded without a card, no day is known:
--   they are missing.
WITH diagnoses AS
(
    SELECT person_key, groupArray((disease::String, ifNull(diagnosis_date, report_date), linked_suspect_card::String, concat('case_report:', toString(batch), ':', toString(row)))) AS cards
    FROM stg_case_report
    WHERE card_kind IN ('disease', 'pneumoconiosis', 'pesticide') AND report_kind IN ('new', 'correction', '')
    GROUP BY person_key
)
SELECT
    reading AS variant, suspect.employer_key::String AS employer_key, ifNull(occur_date, report_date) AS day, '' AS entity,
    arrayFilter(c -> c.3 = card_no OR (c.2 >= day AND (c.1 = disease OR disease = '' OR c.1 = '')), diagnoses.cards) AS matching,
    arrayMin(arrayPushBack(arrayMap(c -> c.2, matching), toDate32('2299-12-31'))) AS concluded,
    notEmpty(matching) AND concluded <= {today:Date32} AS denominator,
    multiIf(denominator, greatest(0, dateDiff('day', day, concluded)),
        outcome_of_suspect IN ('diagnosed', 'excluded'), NULL, greatest(0, dateDiff('day', day, {today:Date32})))::Nullable(Int64) AS numerator,
    numerator IS NULL AS missing,
    arrayPushFront(arrayMap(c -> c.4, matching), concat('case_report:', toString(batch), ':', toString(row))) AS lines
FROM stg_case_report AS suspect
LEFT JOIN diagnoses ON diagnoses.person_key = suspect.person_key
ARRAY JOIN ['median', 'p90'] AS reading
WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
