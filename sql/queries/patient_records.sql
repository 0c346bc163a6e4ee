-- name: patient_records
-- title: Everything that is recorded about one person, by day
SELECT day, stream, what, detail, employer_key, employer_name, line
FROM
(
    SELECT
        exam_date::Date32 AS day, 'exam' AS stream, exam_type::String AS what, conclusion_overall::String AS detail,
        if(using_key = '', employer_key::String, using_key::String) AS employer_key, employer_name::String AS employer_name,
        concat('exam:', toString(batch), ':', toString(row)) AS line
    FROM stg_exam
    WHERE person_key = toUUID({person:String})
    UNION ALL
    SELECT DISTINCT
        day, if(kind = 'visit', 'follow_up', 'case_report'), kind,
        trimRight(concat(disease_word, ' ', if(stage = '', '', concat('stage ', stage, ' ')), outcome)), unit, unit_name, line
    FROM fct_patient_event
    WHERE person_key = toUUID({person:String})
    UNION ALL
    SELECT
        max(period_end), 'dose', concat('annual dose ', toString(toYear(period_start))), concat(toString(round(sum(dose_msv), 3)), ' mSv'),
        employer_key, any(employer_name), arrayElement(any(evidence), 1)
    FROM fct_dose_period
    WHERE person_key = toUUID({person:String})
    GROUP BY employer_key, toYear(period_start)
    UNION ALL
    SELECT train_date, 'training', person_role::String, result::String, employer_key::String, employer_name::String,
        concat('training:', toString(batch), ':', toString(row))
    FROM stg_training
    WHERE person_key = toUUID({person:String})
)
ORDER BY day, stream, line
