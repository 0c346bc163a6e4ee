-- name: fct_patient_event
-- title: 患者档案中的记录 | What stands in a patient's file
-- grain: one row per case card or follow-up visit and the case that it belongs to
-- order: person_key, case_key, day, line
-- A case is a disease of a person. A suspected card belongs to the diagnosis that names its number, else to one of the
-- person on or after that day: of the same disease, of another pneumoconiosis where both are one, or where a name is open;
-- else it is a case of its own. A visit belongs to the diagnosed case of its disease, to every pneumoconiosis where its
-- own is one, to all where it names none of the person's; without any, to the suspected one, or to one of its own.
WITH
    papers AS
    (
        SELECT
            person_key, multiIf(card_kind = 'suspected', 'suspected', report_kind IN ('progression', 'death'), report_kind::String, 'diagnosis') AS kind,
            multiIf(kind = 'suspected', ifNull(occur_date, report_date), kind = 'death', ifNull(death_date, report_date), ifNull(diagnosis_date, report_date)) AS day,
            report_date AS told_on, disease::String AS disease_id, disease_text::String AS disease_word, card_kind = 'pneumoconiosis' AS says_dust,
            employer_key::String AS unit, employer_name::String AS unit_name, employer_exists::String AS unit_exists, '' AS place,
            sex::String AS sex, birth_date, card_no, linked_suspect_card::String AS linked, outcome_of_suspect::String AS outcome, exposure_months,
            stage::String AS stage, stage_date_1, stage_date_2, stage_date_3, appraisal_date, appraisal_result::String AS appraisal_result,
            ifNull(death_date, if(kind = 'death', report_date, NULL)) AS died_on,
            NULL::Nullable(Bool) AS recognised, NULL::Nullable(Date32) AS recognised_on, NULL::Nullable(Date32) AS benefit_on, '' AS grade, '' AS stated_class,
            NULL::Nullable(Bool) AS pays_injury, NULL::Nullable(Bool) AS pays_employer, NULL::Nullable(Bool) AS pays_aid, NULL::Nullable(Bool) AS pays_basic,
            concat('case_report:', toString(batch), ':', toString(row)) AS line
        FROM stg_case_report
        UNION ALL
        SELECT
            person_key, 'visit', visit_date, visit_date, disease::String, disease_text::String, false, '', '', '', township_code::String,
            sex::String, birth_date, patient_card_no, '', result::String, NULL, stage::String, NULL, NULL, NULL, NULL, '',
            ifNull(death_date, if(result = 'dead', visit_date, NULL)),
            injury_recognised, injury_date, benefit_date, disability_grade::String, benefit_class::String,
            payer_injury, payer_employer, payer_aid, if(payer_basic IS NULL AND payer_major IS NULL, NULL, ifNull(payer_basic, false) OR ifNull(payer_major, false)),
            concat('follow_up:', toString(batch), ':', toString(row))
        FROM stg_follow_up
    ),
    typed AS
    (
        SELECT
            papers.*,
            if(disease_id = '', disease_word, disease_id)                                     AS own_key,
            dim_disease.is_pneumoconiosis OR (disease_id = '' AND says_dust)                  AS is_dust
        FROM papers
        LEFT JOIN dim_disease ON dim_disease.disease = papers.disease_id
    ),
    persons AS
    (
        SELECT
            person_key,
            groupArrayIf((own_key, disease_id, dust, first_day, all_linked), is_diagnosed)    AS cases,
            groupArrayIf(own_key, NOT is_diagnosed)                                           AS suspected_keys
        FROM
        (
            SELECT
                person_key, own_key, kind != 'suspected' AS is_diagnosed, any(disease_id) AS disease_id, max(is_dust) AS dust,
                min(day) AS first_day, groupUniqArray(linked) AS all_linked
            FROM typed
            WHERE kind != 'visit'
            GROUP BY person_key, own_key, is_diagnosed
            ORDER BY person_key, first_day, own_key
        )
        GROUP BY person_key
    )
SELECT
    typed.person_key AS person_key,
    case_key,
    typed.* EXCEPT (person_key, own_key, says_dust)
FROM typed
LEFT JOIN persons ON persons.person_key = typed.person_key
ARRAY JOIN multiIf(
    kind = 'suspected', [arrayConcat(
        arrayMap(c -> c.1, arrayFilter(c -> has(c.5, card_no) AND card_no != '', cases)),
        arrayMap(c -> c.1, arrayFilter(c -> c.1 = own_key AND c.4 >= day, cases)),
        arrayMap(c -> c.1, arrayFilter(c -> c.3 AND is_dust AND c.4 >= day, cases)),
        arrayMap(c -> c.1, arrayFilter(c -> (c.2 = '' OR disease_id = '') AND c.4 >= day, cases)),
        [own_key])[1]],
    kind != 'visit', [own_key],
    arrayExists(c -> (c.1 = own_key AND own_key != '') OR (c.3 AND is_dust), cases),
        arrayMap(c -> c.1, arrayFilter(c -> (c.1 = own_key AND own_key != '') OR (c.3 AND is_dust), cases)),
    notEmpty(cases), arrayMap(c -> c.1, cases),
    notEmpty(suspected_keys) AND (own_key = '' OR has(suspected_keys, own_key)), if(own_key = '', suspected_keys, [own_key]),
    [if(own_key = '', 'unknown', own_key)]) AS case_key
