-- name: fct_patient_case
-- title: 患者档案（一人一档，按病种） | Patients' files, by disease
-- grain: one row per person and disease: suspected, diagnosed or followed up
-- order: person_key, case_key
-- The day of a step is the first that a paper tells: recognition and benefits by their own day, else by that of the first
-- visit that says yes. A suspicion later than the diagnosis is none. Benefits are those of injury insurance, employer or
-- medical aid. The employer is that of the diagnosis; where there is no diagnosis, that of the suspicion.
-- Class of aid (opinion, point 10): a insured, injury insurance pays; b not insured, the employer pays; c the employer is
-- gone or the relation unclear, medical aid may be asked for. Stated by the last visit that says it, else derived: c without
-- an employer or with one that is said not to exist, a when recognised, paid by injury insurance, or when the employer had
-- a policy in the three months up to the diagnosis, else b. is_aided: whether the payer of the class pays by the last visit
-- that says so; NULL where none does.
WITH policies AS
(
    SELECT employer_key::String AS unit, groupArray(period) AS months
    FROM stg_insurance
    WHERE insured_count > 0
    GROUP BY employer_key
),
cases AS
(
    SELECT
        person_key,
        case_key,
        argMaxIf(disease_id, (told_on, line), kind IN ('diagnosis', 'progression', 'death'))                          AS diagnosed_id,
        if(diagnosed_id != '', diagnosed_id, argMax(disease_id, (told_on, line)))                                     AS disease,
        argMaxIf(disease_word, (kind = 'diagnosis', told_on, line), disease_word != '')                             AS disease_name,
        max(is_dust)                                                                                          AS is_pneumoconiosis,
        minIf(day, kind = 'diagnosis')                                                                        AS first_diagnosis,
        countIf(kind = 'diagnosis') > 0                                                                       AS is_new,
        countIf(kind IN ('diagnosis', 'progression', 'death')) > 0                                            AS is_diagnosed,
        min(coalesce(stage_date_1, if(stage = '1' AND kind != 'death', day, NULL)))                           AS stage_1_date,
        min(coalesce(stage_date_2, if(stage = '2' AND kind != 'death', day, NULL)))                           AS stage_2_date,
        min(coalesce(stage_date_3, if(stage = '3' AND kind != 'death', day, NULL)))                           AS stage_3_date,
        if(is_new, first_diagnosis, if(is_diagnosed, coalesce(stage_1_date, stage_2_date, stage_3_date), NULL))::Nullable(Date32) AS diagnosed,
        minIf(day, kind = 'suspected')                                                                        AS first_suspicion,
        if(countIf(kind = 'suspected') > 0 AND (diagnosed IS NULL OR first_suspicion <= diagnosed), first_suspicion, NULL)::Nullable(Date32) AS suspected_date,
        argMaxIf(outcome, (told_on, line), kind = 'suspected' AND outcome != '')                              AS suspect_outcome,
        argMaxIf(appraisal_result, (told_on, line), appraisal_result != '')                                           AS appraisal_result,
        min(appraisal_date)                                                                                   AS appraised_date,
        min(if(ifNull(recognised, false), coalesce(recognised_on, day), NULL))                                AS recognised_date,
        min(if(ifNull(pays_injury, false) OR ifNull(pays_employer, false) OR ifNull(pays_aid, false), coalesce(benefit_on, day), NULL)) AS benefit_date,
        min(if(kind = 'visit' AND outcome = 'alive', day, NULL))                                              AS followed_date,
        max(if(kind = 'visit', day, NULL))                                                                    AS last_visit_date,
        argMaxIf(outcome, (day, line), kind = 'visit')                                                        AS last_visit_result,
        countIf(kind = 'visit')                                                                               AS n_visits,
        min(died_on)                                                                                          AS death_date,
        max(day)                                                                                              AS last_date,
        max(exposure_months)                                                                                  AS exposure_months,
        argMaxIf(grade, (day, line), grade != '')                                                                     AS disability_grade,
        argMinIf(unit, (told_on, line), unit != '' AND kind IN ('diagnosis', 'progression', 'death'))         AS diagnosed_unit,
        argMinIf(unit_name, (told_on, line), unit_name != '' AND kind IN ('diagnosis', 'progression', 'death')) AS diagnosed_unit_name,
        if(is_diagnosed, diagnosed_unit, argMinIf(unit, (told_on, line), unit != ''))                         AS first_unit,
        if(is_diagnosed, diagnosed_unit_name, argMinIf(unit_name, (told_on, line), unit_name != ''))          AS first_unit_name,
        arraySort(groupUniqArrayIf(unit, unit != ''))                                                         AS employers,
        argMaxIf(unit_exists, (told_on, line), unit_exists != '')                                                     AS employer_exists,
        argMaxIf(place, (day, line), place != '')                                                                     AS lives_at,
        argMaxIf(sex, (told_on, line), sex != '')                                                                     AS sex,
        max(birth_date)                                                                                       AS birth_date,
        argMaxIf(stated_class, (day, line), stated_class != '')                                                       AS class_stated,
        argMaxIf(pays_injury, (day, line), pays_injury IS NOT NULL)                                                   AS paid_injury,
        argMaxIf(pays_employer, (day, line), pays_employer IS NOT NULL)                                               AS paid_employer,
        argMaxIf(pays_aid, (day, line), pays_aid IS NOT NULL)                                                         AS paid_aid,
        arraySort(groupUniqArrayIf(card_no, kind = 'visit' AND card_no != ''))                                AS patient_card_nos,
        arraySort(groupUniqArray(line))                                                                       AS lines
    FROM fct_patient_event
    GROUP BY person_key, case_key
)
SELECT
    cases.* EXCEPT (first_unit, first_unit_name, diagnosed_unit, diagnosed_unit_name, diagnosed_id, first_diagnosis, is_new, first_suspicion, diagnosed, lives_at, class_stated),
    first_unit                                                                                                AS employer_key,
    first_unit_name                                                                                           AS employer_name,
    diagnosed                                                                                                 AS diagnosed_date,
    multiIf(NOT is_diagnosed AND n_visits = 0, '', class_stated != '', class_stated,
        employer_exists IN ('no', 'unclear') OR first_unit = '', 'c',
        recognised_date IS NOT NULL OR ifNull(paid_injury, false) OR arrayExists(m -> m <= ifNull(diagnosed, last_date)
            AND m > addMonths(toStartOfMonth(ifNull(diagnosed, last_date)), -3), policies.months), 'a', 'b')   AS aid_class,
    class_stated != ''                                                                                        AS is_class_stated,
    multiIf(aid_class = 'a', paid_injury, aid_class = 'b', paid_employer, aid_class = 'c', paid_aid, NULL)     AS is_aided,
    multiIf(lives_at IN (SELECT township::String FROM dim_township), lives_at, dim_employer.employer_key != '', dim_employer.area::String, 'unassigned') AS area,
    arrayFilter(s -> s.2 IS NOT NULL, [('1', stage_1_date), ('2', stage_2_date), ('3', stage_3_date)])         AS stages,
    if(empty(stages), '', arraySort(s -> (s.2, s.1), stages)[1].1)                                             AS first_stage,
    if(empty(stages), '', arrayMax(s -> s.1, stages))                                                          AS stage
FROM cases
LEFT JOIN dim_employer ON dim_employer.employer_key = cases.first_unit
LEFT JOIN policies ON policies.unit = cases.first_unit
