-- id: S7a
-- version: 1
-- position: 140
-- set: standard
-- title: 疑似职业病进入诊断率 | Suspected cases that entered diagnosis
-- unit: share
-- direction: up
-- clause: 监测指标 S7a：进入职业病诊断程序的疑似病例数/疑似病例数（按发现日期的队列）
-- calendar: 疑似发现日期 | day of suspicion
-- strata: township, industry, size
-- numerator: 在期限内有诊断的疑似病例 | suspected cases with a diagnosis within the days
-- denominator: 疑似病例（观察期已满或已诊断） | suspected cases whose days have passed or that were diagnosed
-- flow: sum
-- headline: days_180
-- variants: days_180, days_90, days_365, ever
-- variant_days_180: 180天内 | within 180 days
-- variant_days_90: 90天内 | within 90 days
-- variant_days_365: 365天内 | within 365 days
-- variant_ever: 迄今 | until now
-- A diagnosis card of the same person names the suspected card or the same disease. A case whose days have not passed, or
--   that was concluded on a day that no card tells, is missing from the reading by days.
WITH diagnoses AS
(
    SELECT person_key, groupArray((disease::String, ifNull(diagnosis_date, report_date), linked_suspect_card::String,
        concat('case_report:', toString(batch), ':', toString(row)))) AS cards
    FROM stg_case_report
    WHERE card_kind IN ('disease', 'pneumoconiosis', 'pesticide') AND report_kind IN ('new', 'correction', '')
    GROUP BY person_key
),
suspects AS
(
    SELECT
        suspect.employer_key::String AS unit, ifNull(occur_date, report_date) AS found,
        arrayFilter(c -> c.3 = card_no OR (c.2 >= found AND (c.1 = disease OR disease = '' OR c.1 = '')), diagnoses.cards) AS matching,
        if(notEmpty(matching), arrayMin(c -> c.2, matching), toDate32('2299-12-31')) AS entered,
        notEmpty(matching) OR outcome_of_suspect IN ('diagnosed', 'excluded')        AS has_entered,
        arrayPushFront(arrayMap(c -> c.4, matching), concat('case_report:', toString(suspect.batch), ':', toString(suspect.row))) AS lines
    FROM stg_case_report AS suspect
    LEFT JOIN diagnoses ON diagnoses.person_key = suspect.person_key
    WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '')
)
SELECT
    reading.1 AS variant, unit AS employer_key, found AS day, '' AS entity, reading.3 AS numerator,
    reading.4 AS denominator, NOT reading.4 AS missing, lines
FROM suspects
ARRAY JOIN arrayMap(r -> (r.1, r.2, entered <= addDays(found, r.2) OR (r.2 > 9999 AND has_entered),
        (entered <= addDays(found, r.2) OR addDays(found, r.2) < {today:Date32} OR r.2 > 9999)
            AND NOT (r.2 <= 9999 AND has_entered AND empty(matching))),
    [('days_180', 180), ('days_90', 90), ('days_365', 365), ('ever', 36500)]) AS reading
