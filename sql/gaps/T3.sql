-- id: T3
-- title: 未按周期完成在岗体检的劳动者 | Workers without a valid in-service exam
-- unit: worker
-- department: wjw
-- The names are pseudonyms of workers seen in an earlier exam. Where an employer declares more workers than are known, the
-- rest has no name; where more known workers are overdue than it declares, those seen last stand for the declared
-- number and the others are counted in beyond. since is the first day without cover, for one who was never covered the
-- day on which he was first known to be exposed.
WITH workers AS
(
    SELECT
        employer_key,
        basis,
        groupArrayIf((toString(person_key), 'partly', strict_since), is_partly)                  AS partly,
        arrayMap(w -> w.2, arrayReverseSort(groupArrayIf((last_day_seen, (toString(person_key), 'overdue', strict_since)), is_overdue)))  AS overdue,
        arrayMap(w -> w.2, arrayReverseSort(groupArrayIf((last_day_seen, (toString(person_key), 'overdue', lenient_since)), is_overdue))) AS overdue_wholly,
        arrayMap(w -> w.2, arrayReverseSort(groupArrayIf((last_day_seen, (toString(person_key), 'not_in_year', strict_since)), is_open_in_year))) AS open_in_year
    FROM
    (
        SELECT
            person_key, employer_key, basis,
            max(is_now)                                                                          AS is_known,
            maxIf(last_seen, is_now)                                                             AS last_day_seen,
            maxIf({day:Date32} > full_until AND {day:Date32} <= any_until, is_now)               AS is_partly,
            maxIf({day:Date32} > any_until AND {day:Date32} > not_due_until, is_now)             AS is_overdue,
            maxIf(toYear(last_exam) != toYear({day:Date32})
                AND full_until <= makeDate32(toYear({day:Date32}), 12, 31), is_now)              AS is_open_in_year,
            if(countIf(strictly >= valid_from) = 0, min(valid_from),
                addDays(maxIf(least(valid_to, strictly, {day:Date32}), strictly >= valid_from), 1))::Nullable(Date32)   AS strict_since,
            if(countIf(leniently >= valid_from) = 0, min(valid_from),
                addDays(maxIf(least(valid_to, leniently, {day:Date32}), leniently >= valid_from), 1))::Nullable(Date32) AS lenient_since
        FROM
        (
            -- strictly, leniently: the last day of the span on which the worker is covered or not yet due
            SELECT
                *,
                {day:Date32} BETWEEN valid_from AND valid_to                                                    AS is_now,
                greatest(least(full_until, any_until), if(not_due_until > any_until, not_due_until, toDate32('1900-01-01'))) AS strictly,
                greatest(any_until, not_due_until)                                                              AS leniently
            FROM fct_exam_segment
            WHERE valid_from <= {day:Date32}
        )
        GROUP BY person_key, employer_key, basis
        HAVING is_known
    )
    GROUP BY employer_key, basis
)
SELECT
    reading.1 AS variant, employer_key, reading.2 AS numerator, reading.3 AS denominator,
    if(empty(reading.4), NULL, arrayMin(n -> n.3, reading.4))::Nullable(Date32) AS since,
    multiIf(empty(reading.4), 'never', reading.2 > 0, 'partly', 'overdue') AS reason,
    reading.4 AS names, reading.5 AS beyond
FROM
(
    SELECT
        status.employer_key AS employer_key, status.basis AS basis, exposed, known, covered, partly AS n_partly, not_due, examined_in_year, free_in_year,
        exposed - in_surveillance                                       AS seats,
        greatest(exposed - free_in_year - examined_in_year, 0)          AS year_seats,
        workers.partly                                                  AS partly_covered,
        arraySlice(overdue, 1, seats)                                   AS seated,
        arraySlice(overdue_wholly, 1, seats)                            AS seated_wholly,
        greatest(toInt64(length(overdue)) - seats, 0)                   AS beyond_seats,
        arraySlice(open_in_year, 1, year_seats)                         AS seated_in_year,
        greatest(toInt64(length(open_in_year)) - year_seats, 0)         AS beyond_year
    FROM fct_exam_status AS status
    LEFT JOIN workers ON workers.employer_key = status.employer_key AND workers.basis = status.basis
    WHERE as_of_date = {day:Date32}
)
ARRAY JOIN arrayFilter(r -> if(basis = '', r.1 NOT IN ('gbz_2014', 'gbz_2025')
        OR r.1 = if({day:Date32} < toDate32('2026-08-01'), 'gbz_2014', 'gbz_2025') AND {day:Date32} BETWEEN toDate32('2025-08-01') AND toDate32('2027-07-31'),
        r.1 = basis), arrayFlatten([[
    ('strict',     toInt64(covered),                         exposed - not_due,      arrayConcat(partly_covered, seated), beyond_seats),
    ('lenient',    toInt64(covered + n_partly),              exposed - not_due,      seated_wholly, beyond_seats),
    ('yearly',     toInt64(examined_in_year),                exposed - free_in_year, seated_in_year, beyond_year),
    ('assessment', toInt64(covered + n_partly + not_due),    exposed,                seated_wholly, beyond_seats)],
    arrayMap(edition -> (edition, toInt64(covered), exposed - not_due, arrayConcat(partly_covered, seated), beyond_seats), ['gbz_2014', 'gbz_2025'])])
    ::Array(Tuple(String, Int64, Int64, Array(Tuple(String, String, Nullable(Date32))), Int64))) AS reading
