-- name: export_detection_report
-- title: Detection reports for an export
-- One row per report of an institution, with what its results come to.
SELECT *
FROM
(
    SELECT
        institution_code, any(institution_name) AS institution_name, report_no, any(task_no) AS task_no,
        any(employer_key) AS employer_key, any(employer_name) AS employer_name, any(test_kind) AS test_kind,
        min(survey_date) AS survey_date, min(sample_date) AS first_sample_date, max(sample_date) AS last_sample_date,
        max(lab_date) AS lab_date, max(issue_date) AS issue_date, max(submit_date) AS submit_date, any(risk_class) AS risk_class,
        count() AS n_results, countIf(judgement = 'fail') AS n_fail, uniqExact(workshop, post) AS n_posts,
        arraySort(groupUniqArray(hazard)) AS hazards
    FROM stg_detection
    GROUP BY institution_code, report_no
)
{{if .Condition}}WHERE (
{{.Condition}}
)
{{end}}ORDER BY institution_code, report_no
