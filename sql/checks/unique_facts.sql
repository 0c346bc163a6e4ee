-- name: unique_facts
-- title: 每个事实只有一个有效版本 | One valid version of each fact
-- by_key_hash: stg_employer; stg_declaration; stg_training; stg_insurance; stg_exam; stg_detection; stg_dose; stg_case_report; stg_project; stg_follow_up; stg_inspection; stg_complaint; stg_institution; stg_demerit; stg_event; stg_exam_item; stg_exam_history; stg_exam_summary; stg_radiation_worker
SELECT concat(stream, ': key ', toString(key_hash), ' has ', toString(n), ' versions') AS offender
FROM
(
    SELECT 'employer' AS stream, key_hash, count() AS n FROM stg_employer GROUP BY key_hash
    UNION ALL SELECT 'declaration', key_hash, count() FROM stg_declaration GROUP BY key_hash
    UNION ALL SELECT 'training', key_hash, count() FROM stg_training GROUP BY key_hash
    UNION ALL SELECT 'insurance', key_hash, count() FROM stg_insurance GROUP BY key_hash
    UNION ALL SELECT 'exam', key_hash, count() FROM stg_exam GROUP BY key_hash
    UNION ALL SELECT 'detection', key_hash, count() FROM stg_detection GROUP BY key_hash
    UNION ALL SELECT 'dose', key_hash, count() FROM stg_dose GROUP BY key_hash
    UNION ALL SELECT 'case_report', key_hash, count() FROM stg_case_report GROUP BY key_hash
    UNION ALL SELECT 'project', key_hash, count() FROM stg_project GROUP BY key_hash
    UNION ALL SELECT 'follow_up', key_hash, count() FROM stg_follow_up GROUP BY key_hash
    UNION ALL SELECT 'inspection', key_hash, count() FROM stg_inspection GROUP BY key_hash
    UNION ALL SELECT 'complaint', key_hash, count() FROM stg_complaint GROUP BY key_hash
    UNION ALL SELECT 'institution', key_hash, count() FROM stg_institution GROUP BY key_hash
    UNION ALL SELECT 'demerit', key_hash, count() FROM stg_demerit GROUP BY key_hash
    UNION ALL SELECT 'event', key_hash, count() FROM stg_event GROUP BY key_hash
    UNION ALL SELECT 'exam_item', key_hash, count() FROM stg_exam_item GROUP BY key_hash
    UNION ALL SELECT 'exam_history', key_hash, count() FROM stg_exam_history GROUP BY key_hash
    UNION ALL SELECT 'exam_summary', key_hash, count() FROM stg_exam_summary GROUP BY key_hash
    UNION ALL SELECT 'radiation_worker', key_hash, count() FROM stg_radiation_worker GROUP BY key_hash
)
WHERE n > 1
ORDER BY offender
