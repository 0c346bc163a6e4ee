-- The engine's own fast way to read a CSV file: every column as String, converted without any check.
INSERT INTO bench_raw
SELECT
    report_card_id, exam_no, institution_code, institution_name, uscc, employer_name, using_uscc, using_name,
    person_name, id_type, id_no, sex, toDate32OrZero(birth_date), phone, workshop, post,
    toUInt16OrNull(total_years), toUInt16OrNull(total_months), toUInt16OrNull(exposure_years), toUInt16OrNull(exposure_months),
    exam_type, monitor_kind, hazards_exposed, hazards_examined,
    toDate32OrZero(exam_date), toDate32OrNull(judge_date), toDate32OrNull(report_date), toDate32OrNull(upload_date),
    is_reexam, prev_exam_no, conclusion_overall, conclusions, suspected_disease, contraindication, record_state
FROM file({path:String}, 'CSV', 'report_card_id String, exam_no String, institution_code String, institution_name String, uscc String,
    employer_name String, using_uscc String, using_name String, person_name String, id_type String, id_no String, sex String, birth_date String,
    phone String, workshop String, post String, total_years String, total_months String, exposure_years String, exposure_months String,
    exam_type String, monitor_kind String, hazards_exposed String, hazards_examined String, exam_date String, judge_date String,
    report_date String, upload_date String, is_reexam String, prev_exam_no String, conclusion_overall String, conclusions String,
    suspected_disease String, contraindication String, record_state String')
SETTINGS input_format_csv_skip_first_lines = 1, input_format_allow_errors_ratio = 0.01
