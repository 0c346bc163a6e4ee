-- name: fct_exam_status
-- title: 职业健康检查情况（按读数日） | Exam coverage on each reading date
-- grain: one row per employer whose workers must be examined, basis of the cycles (see dim_exam_basis) and reading date
-- order: as_of_date, employer_key
-- by_as_of_date: dim_reading; + fct_employer_reading; + fct_declaration_status
-- by_employer_key: dim_employer; fct_employer_reading; fct_declaration_status; fct_exam_segment
-- exposed is the larger of what the employer declares and of the workers known to be in surveillance; by how
-- much the known ones exceed the declaration is excess (a stale declaration).
WITH
    persons AS
    (
        SELECT
            as_of_date,
            employer_key,
            basis,
            count()                                                                        AS known,
            countIf(as_of_date <= full_until AND as_of_date <= any_until)                  AS covered,
            countIf(as_of_date > full_until AND as_of_date <= any_until)                   AS partly,
            countIf(as_of_date > any_until AND as_of_date <= not_due_until)                AS not_due,
            countIf(toYear(last_exam) = toYear(as_of_date))                                AS examined_in_year,
            countIf(toYear(last_exam) != toYear(as_of_date)
                AND full_until > makeDate32(toYear(as_of_date), 12, 31))                   AS free_in_year
        FROM
        (
            SELECT
                employer_key, basis, full_until, any_until, not_due_until, last_exam,
                arrayJoin(arrayFilter(d -> d BETWEEN valid_from AND valid_to,
                    (SELECT groupArray(as_of_date) FROM dim_reading))) AS as_of_date
            FROM fct_exam_segment
        )
        GROUP BY as_of_date, employer_key, basis
    )
SELECT
    reading.as_of_date                                                                     AS as_of_date,
    reading.employer_key                                                                   AS employer_key,
    reading.basis                                                                          AS basis,
    multiIf(declared.employer_key != '', declared.exposed,
            is_discovered, known,
            toUInt64(exposed_total))                                                       AS declared_exposed,
    toInt64(covered + partly + not_due)                                                    AS in_surveillance,
    greatest(toInt64(declared_exposed), in_surveillance)                                   AS exposed,
    exposed - toInt64(declared_exposed)                                                    AS excess,
    known, covered, partly, not_due, examined_in_year, free_in_year
FROM
(
    SELECT as_of_date, employer_key, basis
    FROM fct_employer_reading
    CROSS JOIN dim_exam_basis
    WHERE is_due AND NOT is_stopped AND as_of_date BETWEEN from_date AND to_date
) AS reading
INNER JOIN dim_employer ON dim_employer.employer_key = reading.employer_key
LEFT JOIN fct_declaration_status AS declared
    ON declared.as_of_date = reading.as_of_date AND declared.employer_key = reading.employer_key
    AND declared.basis = reading.basis
LEFT JOIN persons ON persons.as_of_date = reading.as_of_date AND persons.employer_key = reading.employer_key
    AND persons.basis = reading.basis
