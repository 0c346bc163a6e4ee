-- name: export_exam_conclusion
-- title: Conclusions of examinations for an export
-- One row per examination and hazard judged.
SELECT *
FROM
(
    SELECT
        employer_key,
        employer_name,
        using_key,
        institution_code,
        institution_name,
        exam_no,
        person_key,
        sex,
        birth_date,
        workshop,
        post,
        exam_type,
        exam_date,
        is_reexam,
        prev_exam_no,
        conclusion_overall,
        judged_hazard AS hazard,
        judged_conclusion AS conclusion,
        judged_disease AS suspected_disease,
        judged_contraindication AS contraindication,
        batch,
        row
    FROM
    (
        SELECT * EXCEPT (conclusion, suspected_disease, contraindication),
            conclusion AS conclusions,
            arrayResize(suspected_disease, length(conclusions)) AS diseases,
            arrayResize(contraindication, length(conclusions)) AS contraindications
        FROM stg_exam
    )
    ARRAY JOIN
        conclusion_hazard AS judged_hazard,
        conclusions AS judged_conclusion,
        diseases AS judged_disease,
        contraindications AS judged_contraindication
)
{{if .Condition}}WHERE (
{{.Condition}}
)
{{end}}ORDER BY employer_key, exam_date, exam_no, hazard, batch, row
