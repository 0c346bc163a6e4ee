-- id: T2
-- title: 未在法定周期内检测的用人单位 | Employers not tested within their interval
-- unit: employer
-- unit_point: point
-- department: wjw
-- The names are the declared posts and hazards without a valid test (point), or the declared hazards that no valid test of
-- the employer covers (full).
WITH
    tests AS
    (
        SELECT employer_key, workshop, post, hazard, max(covers_to) AS covered_to
        FROM fct_test_span
        WHERE sample_date <= {day:Date32}
        GROUP BY employer_key, workshop, post, hazard
    ),
    hazard_tests AS (SELECT employer_key, hazard, max(covered_to) AS covered_to FROM tests GROUP BY employer_key, hazard),
    employer_tests AS (SELECT employer_key, max(covered_to) AS covered_to FROM tests GROUP BY employer_key),
    points AS
    (
        SELECT
            declared.employer_key AS employer_key,
            groupArrayIf((concat(declared.workshop, ' / ', declared.post, ' / ', name_zh),
                if(tests.employer_key = '', 'never', 'lapsed'), if(tests.employer_key = '', NULL, addDays(tests.covered_to, 1)))
                ::Tuple(String, String, Nullable(Date32)), tests.covered_to < {day:Date32})        AS open_points,
            arrayDistinct(groupArrayIf((name_zh,
                if(hazard_tests.employer_key = '', 'never', 'lapsed'), if(hazard_tests.employer_key = '', NULL, addDays(hazard_tests.covered_to, 1)))
                ::Tuple(String, String, Nullable(Date32)), hazard_tests.covered_to < {day:Date32})) AS open_hazards
        FROM fct_declaration_state AS declared
        INNER JOIN dim_hazard ON dim_hazard.hazard = declared.hazard
        LEFT JOIN tests ON tests.employer_key = declared.employer_key AND tests.workshop = declared.workshop
            AND tests.post = declared.post AND tests.hazard = declared.hazard
        LEFT JOIN hazard_tests ON hazard_tests.employer_key = declared.employer_key AND hazard_tests.hazard = declared.hazard
        WHERE has_limit AND {day:Date32} BETWEEN valid_from AND valid_to
        GROUP BY employer_key
    )
SELECT
    reading.1 AS variant, employer_key, reading.2 AS numerator, reading.3 AS denominator, reading.4 AS since,
    reading.5 AS reason, reading.6 AS names, 0 AS beyond
FROM
(
    SELECT
        status.employer_key AS employer_key, is_tested, is_full, points_due, points_tested, open_points, open_hazards,
        employer_tests.employer_key != ''                                                               AS ever,
        if(is_tested, NULL, if(ever, addDays(covered_to, 1), addYears(start_date, 1)))::Nullable(Date32) AS untested_since,
        if(ever, 'lapsed', 'never')                                                                      AS why
    FROM fct_detection_status AS status
    INNER JOIN dim_employer ON dim_employer.employer_key = status.employer_key
    LEFT JOIN employer_tests ON employer_tests.employer_key = status.employer_key
    LEFT JOIN points ON points.employer_key = status.employer_key
    WHERE as_of_date = {day:Date32}
)
ARRAY JOIN [
    ('employer', is_tested, 1, untested_since, why, []),
    ('point', points_tested, points_due, untested_since, if(points_tested > 0, 'partly', why), open_points),
    ('full', is_full, 1, untested_since, if(is_tested, 'partly', why), open_hazards)]
    ::Array(Tuple(String, Int64, Int64, Nullable(Date32), String, Array(Tuple(String, String, Nullable(Date32))))) AS reading
