-- name: batch_account
-- title: 批次收支平衡 | Every row of a batch is accounted for
-- by_batch: stg_batch; raw_case_report; raw_complaint; raw_declaration; raw_demerit; raw_detection; raw_dose; raw_employer; raw_event; raw_exam; raw_exam_history; raw_exam_item; raw_exam_summary; raw_follow_up; raw_inspection; raw_institution; raw_insurance; raw_project; raw_radiation_worker; raw_training
-- Read rows are loaded, corrected, voided, unchanged or rejected, and what was loaded, corrected and voided
-- stands in the stream's table. Copies that a batch got when the one that it had confirmed was taken back (kept) are
-- no rows of its own.
SELECT concat('batch ', toString(batch), ' (', file, '): read ', toString(n_read), ', accounted ',
    toString(n_loaded + n_corrected + n_voided + n_unchanged + n_rejected), ', kept ', toString(kept)) AS offender
FROM stg_batch
LEFT JOIN
(
    SELECT batch, sum(n) AS kept
    FROM
    (
        SELECT batch, countIf(NOT has(notes, 'kept')) AS n FROM raw_employer GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_declaration GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_training GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_insurance GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_exam GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_detection GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_dose GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_case_report GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_project GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_follow_up GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_inspection GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_complaint GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_institution GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_demerit GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_event GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_exam_item GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_exam_history GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_exam_summary GROUP BY batch
        UNION ALL SELECT batch, countIf(NOT has(notes, 'kept')) FROM raw_radiation_worker GROUP BY batch
    )
    GROUP BY batch
) AS rows ON rows.batch = stg_batch.batch
WHERE stream IN ('employer', 'declaration', 'training', 'insurance', 'exam', 'detection', 'dose', 'case_report',
    'project', 'follow_up', 'inspection', 'complaint', 'institution', 'demerit', 'event', 'exam_item', 'exam_history', 'exam_summary', 'radiation_worker')
    AND (n_read != n_loaded + n_corrected + n_voided + n_unchanged + n_rejected OR kept != n_loaded + n_corrected + n_voided)
ORDER BY batch
