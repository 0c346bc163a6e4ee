-- id: T3
-- title: 一行为一名劳动者，或一家单位已申报而无名可查的人数 | a worker, or the workers that an employer declares and nobody has seen
-- Workers known but overdue count while the declared number has room for them. missing, on the row without a worker, is by
-- how many the known workers exceed the declaration. The exams are those of the worker at this employer up to the day.
WITH
    multiIf({variant:String} = 'gbz_2014' AND {to:Date32} >= toDate32('2026-08-01'), 'gbz_2014',
        {variant:String} = 'gbz_2025' AND {to:Date32} < toDate32('2026-08-01'), 'gbz_2025', '') AS wanted_basis,
    due AS (SELECT employer_key, exposed, in_surveillance, excess FROM fct_exam_status WHERE as_of_date = {to:Date32} AND basis = wanted_basis),
    persons AS
    (
        SELECT
            employer_key,
            person_key,
            {to:Date32} <= any_until AND {to:Date32} <= full_until                  AS is_covered,
            {to:Date32} <= any_until AND {to:Date32} > full_until                   AS is_partly,
            {to:Date32} > any_until AND {to:Date32} <= not_due_until                AS is_not_due,
            toYear(last_exam) = toYear({to:Date32})                                 AS is_examined,
            NOT is_examined AND full_until > makeDate32(toYear({to:Date32}), 12, 31) AS is_free
        FROM fct_exam_segment
        WHERE {to:Date32} BETWEEN valid_from AND valid_to AND basis = wanted_basis
    ),
    room AS
    (
        SELECT
            due.employer_key                                AS employer_key,
            any(excess)                                     AS above,
            any(exposed) - any(in_surveillance)             AS unseen,
            toInt64(countIf(persons.employer_key != '' AND NOT (is_covered OR is_partly OR is_not_due))) AS overdue,
            unseen >= overdue                               AS has_room
        FROM due
        LEFT JOIN persons ON persons.employer_key = due.employer_key
        GROUP BY employer_key
    ),
    exams AS
    (
        SELECT
            if(using_key = '', stg_exam.employer_key::String, using_key::String)                          AS employer_key,
            person_key,
            arraySort(groupArray(concat('exam:', toString(batch), ':', toString(row))))                   AS lines
        FROM stg_exam
        WHERE exam_date <= {to:Date32}
        GROUP BY employer_key, person_key
    )
SELECT
    persons.employer_key                                                                    AS employer_key,
    toString(persons.person_key)                                                            AS entity,
    multiIf({variant:String} IN ('strict', 'gbz_2014', 'gbz_2025'), is_covered, {variant:String} = 'lenient', is_covered OR is_partly,
            {variant:String} = 'yearly', is_examined, is_covered OR is_partly OR is_not_due) AS numerator,
    (is_covered OR is_partly OR is_not_due OR room.has_room)
        - multiIf({variant:String} IN ('strict', 'gbz_2014', 'gbz_2025', 'lenient'), is_not_due, {variant:String} = 'yearly', is_free, 0) AS denominator,
    0                                                                                       AS missing,
    exams.lines                                                                             AS lines
FROM persons
INNER JOIN room ON room.employer_key = persons.employer_key
LEFT JOIN exams ON exams.employer_key = persons.employer_key AND exams.person_key = persons.person_key
UNION ALL
SELECT
    room.employer_key,
    '',
    0,
    room.unseen - if(room.has_room, room.overdue, 0) AS denominator,
    room.above                                       AS missing,
    papers.lines
FROM room
LEFT JOIN
(
    SELECT stg_declaration.employer_key::String AS employer_key, arraySort(groupArray(concat('declaration:', toString(batch), ':', toString(row)))) AS lines
    FROM stg_declaration
    INNER JOIN
    (
        SELECT DISTINCT employer_key, valid_from FROM fct_declaration_state WHERE {to:Date32} BETWEEN valid_from AND valid_to
    ) AS spans ON spans.employer_key = stg_declaration.employer_key
    WHERE accept_date <= valid_from AND toYear(accept_date) = toYear(valid_from)
    GROUP BY employer_key
) AS papers ON papers.employer_key = room.employer_key
WHERE denominator != 0 OR missing != 0
