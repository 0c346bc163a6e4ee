-- name: fct_send_day
-- title: 报送日 | Days of sending
-- grain: one row per stream, source and day on which rows were sent, by the dates that the rows themselves carry
-- order: stream, source, sent
-- by_source: stg_exam = institution_code::String; stg_detection = institution_code::String; stg_dose = dosimetry_org::String;
--   stg_case_report = report_org::String; stg_insurance = ''; stg_training = ''; stg_declaration = ''
-- A source is an institution; streams that no institution sends have one without a name. line is the first row of the day, as text.
SELECT 'exam' AS stream, institution_code::String AS source, coalesce(upload_date, report_date, exam_date) AS sent, max(institution_name)::String AS name, count() AS n_rows,
    min(concat('exam:', toString(batch), ':', toString(row))) AS line
FROM stg_exam
GROUP BY source, sent
UNION ALL
SELECT 'detection', institution_code::String AS source, coalesce(submit_date, issue_date, sample_date) AS sent, max(institution_name)::String, count(),
    min(concat('detection:', toString(batch), ':', toString(row)))
FROM stg_detection
GROUP BY source, sent
UNION ALL
SELECT 'dose', dosimetry_org::String AS source, ifNull(report_date, period_end) AS sent, source, count(), min(concat('dose:', toString(batch), ':', toString(row)))
FROM stg_dose
GROUP BY source, sent
UNION ALL
SELECT 'case_report', report_org::String AS source, report_date AS sent, source, count(), min(concat('case_report:', toString(batch), ':', toString(row)))
FROM stg_case_report
GROUP BY source, sent
UNION ALL
SELECT 'insurance', '' AS source, addDays(addMonths(period, 1), -1) AS sent, '', count(), min(concat('insurance:', toString(batch), ':', toString(row)))
FROM stg_insurance
GROUP BY sent
UNION ALL
SELECT 'training', '' AS source, train_date AS sent, '', count(), min(concat('training:', toString(batch), ':', toString(row)))
FROM stg_training
GROUP BY sent
UNION ALL
SELECT 'declaration', '' AS source, accept_date AS sent, '', count(), min(concat('declaration:', toString(batch), ':', toString(row)))
FROM stg_declaration
GROUP BY sent
