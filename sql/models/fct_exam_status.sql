-- name: fct_exam_status
-- title: 职业健康检查情况（按读数日） | Exam coverage on each reading date
-- grain: one row per employer whose workers must be examined, basis of the cycles (see dim_exam_basis) and reading date
-- order: as_of_date, employer_key
-- by_as_of_date: dim_reading; + fct_employer_reading; + fct_declaration_status
-- by_employer_key: dim_employer; fct_employer_reading; fct_declaration_status; fct_exam_segment
-- exposed is the larger of what the employer declares and of the workers known to be in surveillance; by how
-- much the known ones exceed the declaration is excess (a stale declaration).
-- Reading dates are counted from 0 on; before(day) is how many of them lie before a day. Workers of an employer for whom
-- the same dates count are counted together before they are spread over these dates.
WITH
    (SELECT arraySort(groupArray(as_of_date)) FROM dim_reading) AS dates,
    (
        SELECT arrayMap(offset -> toUInt16(arrayCount(d -> d < addDays(all_dates[1], offset), all_dates)), range(toUInt32(dateDiff('day', all_dates[1], all_dates[-1])) + 2))
        FROM (SELECT arraySort(groupArray(as_of_date)) AS all_dates FROM dim_reading)
    ) AS counts,
    day -> counts[toUInt32(greatest(0, least(dateDiff('day', dates[1], day), length(counts) - 1))) + 1] AS before,
    alike AS
    (
        SELECT
            employer_key,
            basis,
            before(valid_from)                                                            AS first,
            before(addDays(valid_to, 1))                                                  AS behind,
            greatest(first, least(behind, before(addDays(full_until, 1))))                AS full_behind,
            greatest(first, least(behind, before(addDays(any_until, 1))))                 AS any_behind,
            greatest(first, least(behind, before(addDays(not_due_until, 1))))             AS not_due_behind,
            greatest(first, least(behind, before(makeDate32(toYear(last_exam), 1, 1))))     AS year_first,
            greatest(first, least(behind, before(makeDate32(toYear(last_exam) + 1, 1, 1)))) AS year_behind,
            greatest(first, least(behind, before(makeDate32(toYear(full_until), 1, 1))))    AS free_behind,
            count()                                                                       AS n
        FROM fct_exam_segment
        GROUP BY employer_key, basis, first, behind, full_behind, any_behind, not_due_behind, year_first, year_behind, free_behind
        HAVING first < behind
    ),
    persons AS
    (
        SELECT
            dates[at + 1]                                                                  AS as_of_date,
            employer_key,
            basis,
            sum(n)                                                                         AS known,
            sumIf(n, at < full_behind AND at < any_behind)                                 AS covered,
            sumIf(n, at >= full_behind AND at < any_behind)                                AS partly,
            sumIf(n, at >= any_behind AND at < not_due_behind)                             AS not_due,
            sumIf(n, at >= year_first AND at < year_behind)                                AS examined_in_year,
            sumIf(n, NOT (at >= year_first AND at < year_behind) AND at < free_behind)     AS free_in_year
        FROM alike
        ARRAY JOIN range(first, behind) AS at
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
