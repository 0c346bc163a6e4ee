-- name: dim_patient
-- title: 职业病患者 | Patients with an occupational disease
-- grain: one row per person with a case of occupational disease or a follow-up visit
-- order: person_key
-- A patient is known from the first report of a case or the first visit, whichever is earlier. Dead from the day that a
-- death card or a visit tells (the visit's own day when it gives no date). The place is that of the last visit that names a
-- township of the city, else that of the employer of the first case. filed_from is the first visit with a card number:
-- then the patient has a file and a card. visits, oldest first: day, whether the patient was met (result alive), and who pays
-- (injury insurance, employer, medical aid), empty where the visit doesn't say.
SELECT
    person_key,
    min(seen)                                                                    AS known_from,
    min(death)                                                                   AS died,
    max(is_dust)                                                                 AS is_pneumoconiosis,
    argMinIf(unit, seen, unit != '')                                             AS employer_key,
    argMaxIf(place, seen, place IN (SELECT township FROM dim_township))          AS area,
    min(filed)                                                                   AS filed_from,
    arraySort(v -> v.1, groupArrayIf((seen, is_met, pays_injury, pays_employer, pays_aid), is_visit))
        ::Array(Tuple(day Date32, is_met Bool, injury Nullable(Bool), employer Nullable(Bool), aid Nullable(Bool))) AS visits,
    arraySort(groupUniqArray(line))                                              AS lines
FROM
(
    SELECT
        person_key, report_date AS seen, NULL::Nullable(Date32) AS death, is_pneumoconiosis::Bool AS is_dust, employer_key::String AS unit, '' AS place,
        NULL::Nullable(Date32) AS filed, false AS is_visit, false AS is_met, NULL::Nullable(Bool) AS pays_injury, NULL::Nullable(Bool) AS pays_employer,
        NULL::Nullable(Bool) AS pays_aid, concat('case_report:', toString(batch), ':', toString(row)) AS line
    FROM fct_case
    UNION ALL
    SELECT
        person_key, visit_date, if(result = 'dead', ifNull(death_date, visit_date), NULL), dim_disease.disease = '' OR dim_disease.is_pneumoconiosis, '',
        township_code::String, if(patient_card_no != '', visit_date, NULL), true, result = 'alive', payer_injury, payer_employer, payer_aid,
        concat('follow_up:', toString(batch), ':', toString(row))
    FROM stg_follow_up
    LEFT JOIN dim_disease ON dim_disease.disease = stg_follow_up.disease
    UNION ALL
    SELECT
        person_key, report_date, ifNull(death_date, report_date), false, '', '', NULL, false, false, NULL, NULL, NULL,
        concat('case_report:', toString(batch), ':', toString(row))
    FROM stg_case_report
    WHERE (report_kind = 'death' OR death_date IS NOT NULL) AND card_kind != 'suspected'
)
GROUP BY person_key
