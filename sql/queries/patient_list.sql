-- name: patient_list
-- title: Cases of patients, those that wait longest first
-- waiting is the step that comes next: diagnosis, recognition (of class a), benefits, follow_up, or none; waited is in days.
SELECT
    toString(person_key) AS person, case_key, disease, disease_name, is_pneumoconiosis, stage, area, employer_key, employer_name, employers,
    suspected_date, suspect_outcome, diagnosed_date, appraised_date, appraisal_result, recognised_date, benefit_date, followed_date,
    last_visit_date, last_visit_result, death_date, aid_class, is_class_stated, is_aided, disability_grade,
    stage_1_date, stage_2_date, stage_3_date, exposure_months, sex, toUInt16(ifNull(toYear(birth_date), 0)) AS birth_year, lines,
    multiIf(death_date IS NOT NULL AND death_date <= {today:Date32} OR appraisal_result = 'reversed', 'none',
        NOT is_diagnosed AND n_visits = 0, if(suspect_outcome IN ('excluded', 'diagnosed'), 'none', 'diagnosis'),
        recognised_date IS NULL AND aid_class = 'a', 'recognition',
        benefit_date IS NULL, 'benefits',
        followed_date IS NULL, 'follow_up', 'none')                                                           AS waiting,
    coalesce(if(waiting = 'benefits', recognised_date, NULL), if(waiting = 'diagnosis', suspected_date, diagnosed_date), suspected_date, last_date) AS waiting_since,
    if(waiting = 'none', 0, toUInt32(greatest(0, dateDiff('day', waiting_since, {today:Date32}))))            AS waited
FROM fct_patient_case
WHERE ({area:String} = '' OR area = {area:String})
    AND ({class:String} = '' OR aid_class = {class:String})
    AND (NOT {unaided:Bool} OR NOT ifNull(is_aided, false))
    AND ({waiting:String} = '' OR waiting = {waiting:String})
    AND ({person:String} = '' OR startsWith(toString(person_key), {person:String}))
ORDER BY waited DESC, person, case_key
