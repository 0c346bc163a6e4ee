-- name: fct_detection_status
-- title: 检测情况（按读数日） | Workplace testing on each reading date
-- grain: one row per employer that must be tested and reading date
-- order: as_of_date, employer_key
-- by_as_of_date: dim_reading; + fct_employer_reading
-- by_employer_key: dim_employer; fct_employer_reading; fct_test_span; fct_declaration_state
WITH
    due AS
    (
        SELECT as_of_date, employer_key, test_months
        FROM fct_employer_reading
        INNER JOIN dim_employer ON dim_employer.employer_key = fct_employer_reading.employer_key
        WHERE is_due AND NOT is_stopped AND (start_date IS NULL OR addYears(start_date, 1) <= as_of_date)
    ),
    tests AS
    (
        SELECT employer_key, groupUniqArray((sample_date, covers_to)) AS spans
        FROM fct_test_span
        GROUP BY employer_key
    ),
    hazard_tests AS
    (
        SELECT employer_key, hazard, groupUniqArray((sample_date, covers_to)) AS spans
        FROM fct_test_span
        GROUP BY employer_key, hazard
    ),
    point_tests AS
    (
        SELECT employer_key, workshop, post, hazard, groupUniqArray((sample_date, covers_to)) AS spans
        FROM fct_test_span
        GROUP BY employer_key, workshop, post, hazard
    ),
    points AS
    (
        SELECT
            as_of_date,
            employer_key,
            count()                      AS points_due,
            countIf(is_point_tested)     AS points_tested,
            min(is_hazard_tested)        AS all_hazards_tested
        FROM
        (
            SELECT
                arrayJoin(arrayFilter(d -> d BETWEEN valid_from AND valid_to,
                    (SELECT groupArray(as_of_date) FROM dim_reading)))                        AS as_of_date,
                declared.employer_key                                                         AS employer_key,
                arrayExists(s -> as_of_date BETWEEN s.1 AND s.2, point_tests.spans)           AS is_point_tested,
                arrayExists(s -> as_of_date BETWEEN s.1 AND s.2, hazard_tests.spans)          AS is_hazard_tested
            FROM fct_declaration_state AS declared
            LEFT JOIN point_tests ON point_tests.employer_key = declared.employer_key
                AND point_tests.workshop = declared.workshop AND point_tests.post = declared.post
                AND point_tests.hazard = declared.hazard
            LEFT JOIN hazard_tests ON hazard_tests.employer_key = declared.employer_key
                AND hazard_tests.hazard = declared.hazard
            WHERE declared.hazard IN (SELECT hazard FROM dim_hazard WHERE has_limit)
        )
        GROUP BY as_of_date, employer_key
    )
SELECT
    due.as_of_date                                                              AS as_of_date,
    due.employer_key                                                            AS employer_key,
    arrayExists(s -> due.as_of_date BETWEEN s.1 AND s.2, tests.spans)           AS is_tested,
    is_tested AND (points_due = 0 OR all_hazards_tested)                        AS is_full,
    points.points_due                                                           AS points_due,
    points.points_tested                                                        AS points_tested
FROM due
LEFT JOIN tests ON tests.employer_key = due.employer_key
LEFT JOIN points ON points.as_of_date = due.as_of_date AND points.employer_key = due.employer_key
