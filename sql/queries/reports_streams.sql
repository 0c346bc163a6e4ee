-- name: reports_streams
-- title: How current each stream is
-- The newest event is the newest one up to the day of evaluation: a date in the future is a mistake of typing.
SELECT stream, n_rows, newest, received
FROM
(
    SELECT 1 AS position, 'employer' AS stream, toUInt64(count()) AS n_rows, CAST(NULL, 'Nullable(Date32)') AS newest FROM stg_employer
    UNION ALL SELECT 2, 'declaration', count(), maxOrNullIf(accept_date, accept_date <= {today:Date32}) FROM stg_declaration
    UNION ALL SELECT 3, 'exam', count(), maxOrNullIf(exam_date, exam_date <= {today:Date32}) FROM stg_exam
    UNION ALL SELECT 4, 'detection', count(), maxOrNullIf(sample_date, sample_date <= {today:Date32}) FROM stg_detection
    UNION ALL SELECT 5, 'dose', count(), maxOrNullIf(period_end, period_end <= {today:Date32}) FROM stg_dose
    UNION ALL SELECT 6, 'case_report', count(), maxOrNullIf(report_date, report_date <= {today:Date32}) FROM stg_case_report
    UNION ALL SELECT 7, 'training', count(), maxOrNullIf(train_date, train_date <= {today:Date32}) FROM stg_training
    UNION ALL SELECT 8, 'insurance', count(), maxOrNullIf(period, period <= {today:Date32}) FROM stg_insurance
) AS stream
LEFT JOIN
(
    SELECT stream::String AS name, maxOrNull(toDate32(received_at, 'Asia/Shanghai')) AS received
    FROM ops_batch
    WHERE state = 'published' AND batch NOT IN (SELECT batch FROM ops_batch WHERE state IN ('reverted', 'aborted'))
    GROUP BY name
) AS arrival ON arrival.name = stream.stream
ORDER BY position
