-- id: S18
-- version: 1
-- position: 194
-- set: standard
-- title: 离岗后医学随访率 | Followed up after leaving a dusty or carcinogenic post
-- unit: share
-- direction: up
-- clause: 监测指标 S18：已随访/应随访的离岗劳动者（GBZ 188-2025 附录C，离岗后10年、21年等）
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 在随访间隔内做过离岗后检查或随访的劳动者 | workers with a post-employment exam or a follow-up visit within the interval
-- denominator: 离岗后满一个间隔、仍在随访年限内、未再接触且未死亡的劳动者 | workers who left at least one interval ago, are still within the years of follow-up, not exposed again and not dead
-- flow: state
-- headline: due
-- variants: due
-- variant_due: 按危害因素和接触工龄应随访者，多种因素取最短间隔 | due by hazard and years of exposure, the shortest interval of several hazards
-- A worker whose years of exposure the card doesn't tell is due for the shorter time, and only where everybody exposed is.
WITH
    (SELECT groupArray((hazard_id, toUInt32(above_months), toUInt32(band_months), toUInt32(years_1), toUInt32(years_2), toUInt32(interval_months))) FROM ref_hazard_followup) AS rules,
    seen AS
    (
        SELECT
            person_key,
            groupArrayIf(exam_date, exam_type = 'post' AND NOT is_reexam)                  AS post_exams,
            groupArrayIf(exam_date, exam_type IN ('pre', 'in'))                             AS exposed_again
        FROM stg_exam
        GROUP BY person_key
    ),
    left_once AS
    (
        SELECT
            leaving.person_key AS person_key, leaving.employer_key AS employer_key, left_date, lines, post_exams,
            arrayFilter(d -> d > left_date, exposed_again)                                   AS later,
            arrayMap(v -> v.day, arrayFilter(v -> v.is_met, dim_patient.visits))            AS visits,
            dim_patient.died                                                                 AS died,
            arrayMap(r -> (if(ifNull(exposure_months, 0) <= r.3, r.4, r.5), r.6),
                arrayFilter(r -> has(hazards, r.1) AND (r.2 = 0 OR ifNull(exposure_months, 0) > r.2), rules)) AS terms
        FROM fct_leaving AS leaving
        LEFT JOIN seen ON seen.person_key = leaving.person_key
        LEFT JOIN (SELECT person_key, visits, died FROM dim_patient) AS dim_patient ON dim_patient.person_key = leaving.person_key
        WHERE notEmpty(terms)
    )
SELECT
    'due' AS variant, employer_key, as_of_date AS day, toString(person_key) AS entity,
    arrayFilter(t -> as_of_date <= addYears(left_date, t.1), terms) AS open,
    arrayMin(arrayMap(t -> t.2, open)) AS months,
    arrayExists(d -> d <= as_of_date AND d > left_date AND addMonths(d, months) >= as_of_date, arrayConcat(post_exams, visits)) AS numerator,
    1 AS denominator, 0 AS missing, lines
FROM left_once
CROSS JOIN dim_reading
WHERE notEmpty(open) AND addMonths(left_date, months) <= as_of_date AND (died IS NULL OR died > as_of_date)
    AND NOT arrayExists(d -> d <= as_of_date, later)
