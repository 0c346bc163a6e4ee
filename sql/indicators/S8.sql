-- id: S8
-- version: 2
-- position: 142
-- set: standard
-- title: 职业禁忌证人员调离率 | Contraindicated workers moved off the hazard
-- unit: share
-- direction: up
-- clause: 监测指标 S8：30天内调离禁忌岗位的在岗人员数/检出禁忌证的在岗人员数（30天为建议值）
-- calendar: 在岗体检日期 | day of the in-service exam
-- strata: township, industry, size
-- numerator: 30天后离岗或不再接触该因素的劳动者 | workers who left or were off the hazard after 30 days
-- denominator: 在岗体检检出禁忌证且后来情况可知的劳动者 | workers found contraindicated in service whose later exposure is known
-- flow: once
-- headline: days_30
-- variants: days_30
-- variant_days_30: 发现后30天内离岗，或此后体检不再接触该因素 | left within 30 days, or not exposed to the hazard at the next exam
-- A worker counts once an employer and period, as moved if moved after any of the exams. Known only from the next exam of the same person; without one the worker is missing.
WITH later AS
(
    SELECT person_key, groupArray((exam_date, exam_type::String, arrayMap(h -> h::String, hazards_exposed),
        concat('exam:', toString(batch), ':', toString(row)))) AS exams
    FROM stg_exam
    GROUP BY person_key
)
SELECT
    'days_30' AS variant, if(using_key = '', exam.employer_key::String, using_key::String) AS employer_key, exam_date AS day, toString(exam.person_key) AS entity,
    arrayFilter(e -> e.1 > addDays(exam_date, 30) OR (e.1 > exam_date AND e.2 IN ('leave', 'post')), later.exams) AS after,
    if(notEmpty(after), arraySort(e -> e.1, after)[1], (toDate32('1900-01-01'), '', []::Array(String), '')) AS next,
    arrayMap(h -> h::String, arrayFilter((h, c) -> c = 'contra' AND h != '', conclusion_hazard, conclusion)) AS hazards,
    notEmpty(after) AND (next.2 IN ('leave', 'post') OR (notEmpty(hazards) AND NOT hasAny(next.3, hazards))) AS numerator,
    notEmpty(after) AND (next.2 IN ('leave', 'post') OR notEmpty(hazards)) AS denominator,
    NOT denominator AS missing,
    arrayFilter(l -> l != '', [concat('exam:', toString(exam.batch), ':', toString(exam.row)), next.4]) AS lines
FROM stg_exam AS exam
LEFT JOIN later ON later.person_key = exam.person_key
WHERE exam_type = 'in' AND (conclusion_overall = 'contra' OR has(conclusion, 'contra'))
