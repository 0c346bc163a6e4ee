-- id: R37
-- version: 1
-- title: 患者超期未随访 | Patients without follow-up
-- message: {object}：{n}名患者{months}个月内未随访（共{of}名在册患者）
--   | {object}: {n} of {of} patients without follow-up in {months} months
-- severity: yellow
-- addressee: CDC, TS
-- due: 30 days
-- life: state
-- source: point 9 of the source document
-- params: months = 12
-- One warning a township, with the patients as rows: patients alive, known for more than the months and without a visit in them, whatever came of it. The
-- township hospital has no addressee code of its own; TS passes it on.
WITH {week_end:Date32} AS day, patients AS
(
    SELECT
        multiIf(dim_patient.area != '', dim_patient.area, dim_employer.area != '', dim_employer.area, 'unassigned') AS place,
        known_from <= addMonths(day, -{months:Int32}) AND NOT arrayExists(v -> v.day > addMonths(day, -{months:Int32}) AND v.day <= day, visits) AS is_overdue, lines
    FROM dim_patient
    LEFT JOIN dim_employer ON dim_employer.employer_key = dim_patient.employer_key
    WHERE known_from <= day AND (died IS NULL OR died > day)
)
SELECT
    'township'                                                                   AS object_kind,
    place                                                                        AS object,
    if(any(dim_township.name_zh) = '', place, any(dim_township.name_zh))         AS object_name,
    place                                                                        AS area,
    'yellow'                                                                     AS severity,
    'follow_up'                                                                  AS cause,
    toFloat64(countIf(is_overdue))                                               AS score,
    map('n', toString(countIf(is_overdue)), 'of', toString(count()), 'months', toString({months:Int32})) AS args,
    arraySort(groupArrayIf(20)(lines[1], is_overdue))                            AS evidence,
    countIf(is_overdue)                                                          AS n_evidence
FROM patients
LEFT JOIN dim_township ON dim_township.township = patients.place
GROUP BY place
HAVING countIf(is_overdue) > 0
