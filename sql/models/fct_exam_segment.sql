-- name: fct_exam_segment
-- title: 劳动者监护区间 | Surveillance of workers by time
-- grain: one row per worker, basis of the cycles (see dim_exam_basis) and span of days in which nothing changes but the calendar: no exam, no deadline of a
--   recheck, no new edition of the cycles
-- order: employer_key, valid_from, person_key
-- by_person_key: stg_exam; fct_exam_hazard
-- Only workers in service and exposed to a hazard with a mandatory in-service exam. A date before valid_from
-- means never. A worker is
--   covered          while day <= full_until and day <= any_until
--   partly covered   while day <= any_until only
--   not yet due      while day > any_until and day <= not_due_until
WITH
    exams AS
    (
        SELECT
            person_key,
            arraySort(e -> (e.1, e.2, e.3), groupArray((
                exam_date,
                multiIf(exam_type = 'pre', 2, exam_type IN ('leave', 'post'), 1, 0),
                report_card_id,
                if(using_key = '', employer_key::String, using_key::String),
                exam_type::String,
                arrayMap(h -> h::String, hazards_exposed)))) AS history
        FROM stg_exam
        GROUP BY person_key
    ),
    deadlines AS
    (
        SELECT person_key, groupUniqArray(addDays(completed_until, 1)) AS days
        FROM fct_exam_hazard
        WHERE completed_until < toDate32('2299-12-31')
        GROUP BY person_key
    ),
    spans AS
    (
        SELECT
            person_key,
            history,
            arraySort(arrayDistinct(arrayConcat(arrayMap(e -> e.1, history), deadlines.days))) AS starts
        FROM exams
        LEFT JOIN deadlines ON deadlines.person_key = exams.person_key
    ),
    states AS
    (
        SELECT
            person_key,
            start                                                                AS valid_from,
            if(position = length(starts), toDate32('2299-12-31'), addDays(starts[position + 1], -1)) AS valid_to,
            arrayLast(e -> e.1 <= start, history)                                AS latest,
            latest.4                                                             AS employer_key,
            arrayLast(e -> e.1 <= start AND e.4 = employer_key AND e.5 IN ('pre', 'in'), history).6 AS hazards
        FROM spans
        ARRAY JOIN starts AS start, arrayEnumerate(starts) AS position
        WHERE latest.5 NOT IN ('leave', 'post')
    ),
    exam_dates AS
    (
        SELECT
            person_key, employer_key, hazard,
            groupArrayIf((exam_date, completed_until), exam_type = 'in')  AS ins,
            groupArrayIf((exam_date, completed_until), exam_type = 'pre') AS pres
        FROM fct_exam_hazard
        GROUP BY person_key, employer_key, hazard
    ),
    due AS
    (
        SELECT
            person_key, employer_key, states.valid_from AS span_from, states.valid_to AS span_to, hazard, basis, months, edition_from, edition_to
        FROM states
        ARRAY JOIN arrayDistinct(hazards) AS hazard
        INNER JOIN dim_exam_cycle ON dim_exam_cycle.hazard = hazard
        WHERE edition_from <= span_to AND edition_to >= span_from
    )
SELECT
    person_key,
    employer_key,
    basis,
    greatest(span_from, edition_from)                       AS valid_from,
    least(any(span_to), edition_to)                         AS valid_to,
    min(addMonths(greatest(last_in, last_pre), months))     AS full_until,
    max(addMonths(last_in, months))                         AS any_until,
    min(addMonths(last_pre, months))                        AS not_due_until,
    max(last_in)                                            AS last_exam,
    max(greatest(last_in, last_pre))                        AS last_seen
FROM
(
    SELECT
        due.person_key AS person_key, due.employer_key AS employer_key, basis, span_from, span_to, edition_from, edition_to, months,
        arrayMax(arrayPushFront(arrayMap(e -> e.1, arrayFilter(e -> e.1 <= span_from AND e.2 >= span_from, ins)),
            toDate32('1900-01-01'))) AS last_in,
        arrayMax(arrayPushFront(arrayMap(e -> e.1, arrayFilter(e -> e.1 <= span_from AND e.2 >= span_from, pres)),
            toDate32('1900-01-01'))) AS last_pre
    FROM due
    LEFT JOIN exam_dates ON exam_dates.person_key = due.person_key AND exam_dates.employer_key = due.employer_key
        AND exam_dates.hazard = due.hazard
)
GROUP BY person_key, employer_key, basis, span_from, edition_from, edition_to
