-- name: fct_cross_finding
-- title: 跨数据流核对结果 | What rows of one stream say against another
-- grain: one row per finding on a valid row; of what concerns an institution, a worker or an employer as a whole, the first row
-- order: stream, code, batch, row
-- Built anew whenever one of the streams changes, so that a finding comes when the other stream arrives later and
-- goes when it is mended. related is what the row was held against: a date, a card, a code. Nothing of it keeps a
-- row from counting.
WITH
    deaths AS
    (
        SELECT person_key AS dead, min(day) AS death_day
        FROM
        (
            SELECT person_key, assumeNotNull(death_date) AS day FROM stg_case_report WHERE death_date IS NOT NULL
            UNION ALL
            SELECT person_key, coalesce(death_date, visit_date) FROM stg_follow_up WHERE result = 'dead'
        )
        GROUP BY dead
    ),
    qualified AS
    (
        SELECT
            institution_code::String AS code_on_list,
            kind::String             AS kind_on_list,
            groupArray((valid_from, ifNull(valid_to, toDate32('2299-12-31')))) AS spans,
            max(status = 'active')   AS is_active
        FROM stg_institution
        GROUP BY code_on_list, kind_on_list
    ),
    register AS
    (
        SELECT employer_key::String AS unit, worker_no AS registered_no, max(end_date) AS left_on
        FROM stg_radiation_worker
        GROUP BY unit, registered_no
    ),
    exam_twins AS
    (
        SELECT
            person_key AS twin, exam_date AS twin_date, exam_type::String AS twin_type,
            groupUniqArray((institution_code::String, report_card_id)) AS cards
        FROM stg_exam
        WHERE NOT exam_date_month_only
        GROUP BY twin, twin_date, twin_type
        HAVING length(cards) > 1
    )
SELECT 'exam_after_death' AS code, 'warn' AS severity, 'exam' AS stream, batch, row, key_hash, employer_key::String AS employer_key, toString(death_day) AS related
FROM stg_exam INNER JOIN deaths ON dead = person_key
WHERE exam_date > death_day
UNION ALL
SELECT 'dose_after_death', 'warn', 'dose', batch, row, key_hash, employer_key::String, toString(death_day)
FROM stg_dose INNER JOIN deaths ON dead = person_key
WHERE period_start > death_day AND value > 0
UNION ALL
SELECT 'dose_after_leaving', 'warn', 'dose', batch, row, key_hash, employer_key::String, toString(assumeNotNull(left_on))
FROM stg_dose INNER JOIN register ON unit = employer_key::String AND registered_no = worker_no
WHERE period_start > left_on
UNION ALL
SELECT 'exam_after_leaving', 'warn', 'exam', batch, row, key_hash, employer_key::String, toString(assumeNotNull(left_on))
FROM stg_exam
INNER JOIN (SELECT person_key AS person, max(end_date) AS left_on, countIf(end_date IS NULL) AS n_working FROM stg_radiation_worker GROUP BY person) AS leavers
    ON person = person_key
WHERE exam_type = 'in' AND arrayExists(h -> startsWith(h, 'HZ-4-'), hazards_exposed) AND n_working = 0 AND exam_date > left_on
UNION ALL
SELECT 'worker_unregistered', 'note', 'dose', (min((batch, row, key_hash)) AS first).1, first.2, first.3, employer_key::String AS unit_key, worker_no
FROM stg_dose
WHERE employer_key::String IN (SELECT unit FROM register) AND (employer_key::String, worker_no) NOT IN (SELECT unit, registered_no FROM register)
GROUP BY unit_key, worker_no
UNION ALL
SELECT 'institution_discovered', 'note', stream, (min((batch, row, key_hash)) AS first).1, first.2, first.3, '', institution
FROM
(
    SELECT 'exam' AS stream, batch, row, key_hash, institution_code::String AS institution FROM stg_exam
    WHERE institution_code::String NOT IN (SELECT code_on_list FROM qualified)
    UNION ALL
    SELECT 'detection', batch, row, key_hash, institution_code::String FROM stg_detection
    WHERE institution_code::String NOT IN (SELECT code_on_list FROM qualified)
    UNION ALL
    SELECT 'demerit', batch, row, key_hash, institution_code::String FROM stg_demerit
    WHERE institution_code::String NOT IN (SELECT code_on_list FROM qualified)
    UNION ALL
    SELECT 'case_report', batch, row, key_hash, report_org::String FROM stg_case_report
    WHERE report_org != '' AND report_org::String NOT IN (SELECT arrayJoin(arrayPushBack(former_names, institution_name::String)) FROM stg_institution)
)
WHERE (SELECT count() FROM stg_institution) > 0
GROUP BY stream, institution
UNION ALL
SELECT 'institution_unqualified', 'warn', 'detection', batch, row, key_hash, employer_key::String, institution_code::String
FROM stg_detection INNER JOIN qualified ON code_on_list = institution_code::String AND kind_on_list = 'service'
WHERE NOT arrayExists(s -> sample_date BETWEEN s.1 AND s.2, spans) OR NOT is_active
UNION ALL
SELECT 'institution_unqualified', 'warn', 'exam', batch, row, key_hash, employer_key::String, institution_code::String
FROM stg_exam INNER JOIN qualified ON code_on_list = institution_code::String AND kind_on_list = 'exam'
WHERE NOT arrayExists(s -> exam_date BETWEEN s.1 AND s.2, spans) OR NOT is_active
UNION ALL
SELECT 'hazard_undeclared', 'note', stream, (min((batch, row, key_hash)) AS first).1, first.2, first.3, employer, hazard_id
FROM
(
    SELECT 'detection' AS stream, batch, row, key_hash, employer_key::String AS employer, hazard::String AS hazard_id FROM stg_detection
    UNION ALL
    SELECT 'exam', batch, row, key_hash, employer_key::String, arrayJoin(hazards_exposed)::String FROM stg_exam
)
WHERE hazard_id != '' AND employer IN (SELECT employer_key::String FROM stg_declaration)
    AND (employer, hazard_id) NOT IN (SELECT employer_key::String, hazard::String FROM stg_declaration)
GROUP BY stream, employer, hazard_id
UNION ALL
SELECT
    'possible_duplicate',
    if(countEqual(arrayMap(c -> c.1, cards), institution_code::String) > 1, 'warn', 'note'),
    'exam', batch, row, key_hash, employer_key::String,
    arrayStringConcat(arraySort(arrayMap(c -> concat(c.1, ' ', c.2), arrayFilter(c -> c != (institution_code::String, report_card_id), cards))), ', ')
FROM stg_exam INNER JOIN exam_twins ON twin = person_key AND twin_date = exam_date AND twin_type = exam_type::String
UNION ALL
SELECT 'possible_duplicate', 'warn', 'case_report', batch, row, key_hash, employer_key::String,
    arrayStringConcat(arraySort(arrayFilter(c -> c != card_no, cards)), ', ')
FROM stg_case_report
INNER JOIN
(
    SELECT person_key AS twin, disease::String AS twin_disease, card_kind::String AS twin_kind, report_kind::String AS twin_report, groupUniqArray(card_no) AS cards
    FROM stg_case_report
    WHERE disease != ''
    GROUP BY twin, twin_disease, twin_kind, twin_report
    HAVING length(cards) > 1
) AS twins ON twin = person_key AND twin_disease = disease::String AND twin_kind = card_kind::String AND twin_report = report_kind::String
UNION ALL
SELECT 'period_overlap', 'warn', 'dose', batch, row, key_hash, employer_key, toString(until)
FROM
(
    SELECT
        batch, row, key_hash, employer_key::String AS employer_key, period_start,
        max(period_end) OVER (
            PARTITION BY employer_key, worker_no, position, quantity ORDER BY period_start, period_end, key_hash
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS until,
        count() OVER (
            PARTITION BY employer_key, worker_no, position, quantity ORDER BY period_start, period_end, key_hash
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS n_before
    FROM stg_dose
)
WHERE n_before > 0 AND period_start <= until
UNION ALL
SELECT 'exam_unknown', 'warn', stream, (min((batch, row, key_hash)) AS first).1, first.2, first.3, '', concat(institution, ' ', exam)
FROM
(
    SELECT 'exam_item' AS stream, batch, row, key_hash, institution_code::String AS institution, exam_no AS exam FROM stg_exam_item
    UNION ALL
    SELECT 'exam_history', batch, row, key_hash, institution_code::String, exam_no FROM stg_exam_history
)
WHERE (institution, exam) NOT IN (SELECT institution_code::String, exam_no FROM stg_exam)
GROUP BY stream, institution, exam
UNION ALL
SELECT 'previous_exam_unknown', 'note', 'exam', batch, row, key_hash, employer_key::String, prev_exam_no
FROM stg_exam
WHERE prev_exam_no != '' AND (institution_code::String, prev_exam_no) NOT IN (SELECT institution_code::String, exam_no FROM stg_exam)
UNION ALL
SELECT 'suspect_card_unknown', 'note', 'case_report', batch, row, key_hash, employer_key::String, linked_suspect_card
FROM stg_case_report
WHERE linked_suspect_card != '' AND linked_suspect_card NOT IN (SELECT card_no FROM stg_case_report)
UNION ALL
SELECT 'insured_above_staff', 'note', 'insurance', batch, row, key_hash, stg_insurance.employer_key::String, toString(staff)
FROM stg_insurance
INNER JOIN
(
    SELECT employer_key::String AS employer, sum(employees) + sum(ifNull(dispatched, 0)) AS staff FROM stg_employer GROUP BY employer
) AS roster ON employer = stg_insurance.employer_key::String
WHERE insured_count > 1.2 * staff + 5
UNION ALL
SELECT 'employer_closed', 'warn', stream, batch, row, key_hash, employer, toString(assumeNotNull(closed))
FROM
(
    SELECT 'exam' AS stream, batch, row, key_hash, employer_key::String AS employer, exam_date AS day FROM stg_exam WHERE exam_type IN ('pre', 'in')
    UNION ALL
    SELECT 'detection', batch, row, key_hash, employer_key::String, sample_date FROM stg_detection
) AS events
INNER JOIN
(
    SELECT employer_key::String AS closer, max(close_date) AS closed, countIf(close_date IS NULL) AS n_open FROM stg_employer GROUP BY closer
) AS closers ON closer = employer
WHERE n_open = 0 AND day > closed
