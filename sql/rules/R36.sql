-- id: R36
-- version: 1
-- title: 无单位患者未获救助 | Patient without employer and without aid
-- message: 患者（{object}）属第三类（用人单位已不存在），建档{days}天仍未获救助
--   | patient ({object}) of class (c), employer gone: no aid {days} days after registration
-- severity: orange
-- addressee: YB, MZ, TS
-- due: 30 days
-- life: state
-- source: point 10 of the source document
-- params: days = 60
-- By the follow-up visits: class (c) at the last visit that names a class, no visit that names medical aid as a payer, and registration (the first visit with
-- a card number, else the first of class c) more than days back. Patients who died are left out.
WITH {week_end:Date32} AS day, patients AS
(
    SELECT person_key, argMaxIf(benefit_class, visit_date, benefit_class != '') AS class, max(ifNull(payer_aid, false)) AS has_aid, max(result = 'dead') AS is_dead,
        ifNull(minOrNullIf(visit_date, patient_card_no != ''), minIf(visit_date, benefit_class = 'c')) AS registered,
        arraySort(groupArray(20)(concat('follow_up:', toString(batch), ':', toString(row)))) AS lines
    FROM stg_follow_up
    WHERE visit_date <= day
    GROUP BY person_key
)
SELECT
    'person'                                                                     AS object_kind,
    toString(p.person_key)                                                       AS object,
    substring(toString(p.person_key), 1, 8)                                      AS object_name,
    multiIf(dim_patient.area != '', dim_patient.area, dim_employer.area != '', dim_employer.area, 'unassigned') AS area,
    'orange'                                                                     AS severity,
    'aid'                                                                        AS cause,
    toFloat64(dateDiff('day', registered, day) AS waited)                        AS score,
    map('days', toString(waited))                                                AS args,
    p.lines                                                                      AS evidence,
    length(p.lines)                                                              AS n_evidence
FROM patients AS p
LEFT JOIN dim_patient ON dim_patient.person_key = p.person_key
LEFT JOIN dim_employer ON dim_employer.employer_key = dim_patient.employer_key
WHERE class = 'c' AND NOT has_aid AND NOT is_dead AND dateDiff('day', registered, day) > {days:Int32}
