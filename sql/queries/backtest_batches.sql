-- name: backtest_batches
-- title: The log of batches with the instants at which they can have been known, for a back-test
-- A batch is known when it was published. One that is history is known at the end of the last day that its rows are dated: with how =
-- 'documents' every batch, with 'auto' those that came more than a quarter behind that day, on a day on which more than a year of
-- their stream came, with 'arrival' none. Of a hundred dated rows one may be wrongly dated later; rosters have no date of their own, the last
-- begin or end in them stands for it.
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY (batch, at)
AS
WITH
    dated AS
    (
        SELECT batch, toDate32(quantileExact(0.99)(toInt32(coalesce(upload_date, report_date, exam_date)))) AS last_day FROM {{ident .Database}}.raw_exam GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(coalesce(submit_date, issue_date, sample_date)))) FROM {{ident .Database}}.raw_detection GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(ifNull(report_date, period_end)))) FROM {{ident .Database}}.raw_dose GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(report_date))) FROM {{ident .Database}}.raw_case_report GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(accept_date))) FROM {{ident .Database}}.raw_declaration GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(train_date))) FROM {{ident .Database}}.raw_training GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(addMonths(period, 1) - 1))) FROM {{ident .Database}}.raw_insurance GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(visit_date))) FROM {{ident .Database}}.raw_follow_up GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(inspect_date))) FROM {{ident .Database}}.raw_inspection GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(receive_date))) FROM {{ident .Database}}.raw_complaint GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(approve_date))) FROM {{ident .Database}}.raw_project GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(report_date))) FROM {{ident .Database}}.raw_event GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(demerit_date))) FROM {{ident .Database}}.raw_demerit GROUP BY batch
        UNION ALL SELECT batch, toDate32(quantileExact(0.99)(toInt32(report_date))) FROM {{ident .Database}}.raw_exam_summary GROUP BY batch
        UNION ALL SELECT batch, toDate32(max(greatest(start_date, ifNull(close_date, start_date)))) FROM {{ident .Database}}.raw_employer WHERE start_date IS NOT NULL GROUP BY batch
        UNION ALL SELECT batch, toDate32(max(greatest(start_date, ifNull(end_date, start_date)))) FROM {{ident .Database}}.raw_radiation_worker GROUP BY batch
        UNION ALL SELECT batch, toDate32(max(valid_from)) FROM {{ident .Database}}.raw_institution GROUP BY batch
        UNION ALL SELECT batch, toDate32(max(assumeNotNull(item_date))) FROM {{ident .Database}}.raw_exam_item WHERE item_date IS NOT NULL GROUP BY batch
    ),
    arrivals AS
    (
        SELECT batch, ifNull(any(last_day), toDate32('1900-01-01')) AS last_day, any(stream) AS stream, toDate32(toTimeZone(min(log.at), 'Asia/Shanghai')) AS arrived, dateDiff('day', last_day, arrived) AS behind
        FROM {{ident .Database}}.ops_batch AS log
        INNER JOIN dated ON dated.batch = log.batch
        WHERE log.state = 'published'
        GROUP BY batch
    ),
    days AS (SELECT stream, arrived, dateDiff('day', min(last_day), max(last_day)) AS span FROM arrivals GROUP BY stream, arrived),
    history AS
    (
        SELECT batch, true AS is_history, toDateTime64(addDays(last_day, 1), 3, 'Asia/Shanghai') - toIntervalMillisecond(1) AS known_at
        FROM arrivals
        INNER JOIN days ON days.stream = arrivals.stream AND days.arrived = arrivals.arrived
        WHERE last_day > toDate32('1950-01-01') AND behind > 0
            AND ({{literal .How}} = 'documents' OR ({{literal .How}} = 'auto' AND behind > 92 AND days.span > 366))
    )
SELECT log.* REPLACE (if(history.is_history AND log.state IN ('started', 'published'), toDateTime64(least(log.at, history.known_at), 3, 'UTC'), log.at) AS at),
    history.is_history AND log.state = 'published' AS is_history
FROM {{ident .Database}}.ops_batch AS log
LEFT JOIN history ON history.batch = log.batch
