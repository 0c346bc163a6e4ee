-- name: reports_arrivals
-- title: What arrived between two days, by stream and sender
-- A batch whose sender is not recorded belongs to the one institution that its rows name; with several or none it
-- stays without a sender.
WITH
    arrived AS
    (
        SELECT *
        FROM ops_batch
        WHERE state = 'published'
          AND toDate32(received_at, 'Asia/Shanghai') BETWEEN {from:Date32} AND {to:Date32}
          AND batch NOT IN (SELECT batch FROM ops_batch WHERE state IN ('reverted', 'aborted'))
    ),
    named AS
    (
        SELECT batch, institution_name::String AS name FROM raw_exam WHERE batch IN (SELECT batch FROM arrived)
        UNION ALL SELECT batch, institution_name::String FROM raw_detection WHERE batch IN (SELECT batch FROM arrived)
        UNION ALL SELECT batch, dosimetry_org::String FROM raw_dose WHERE batch IN (SELECT batch FROM arrived)
        UNION ALL SELECT batch, report_org::String FROM raw_case_report WHERE batch IN (SELECT batch FROM arrived)
        UNION ALL SELECT batch, organiser::String FROM raw_training WHERE batch IN (SELECT batch FROM arrived)
    )
SELECT
    stream::String                                              AS stream,
    if(sender = '', author, sender::String)                     AS from_whom,
    toUInt64(count())                                           AS files,
    sum(arrived.n_read)                                         AS n_read,
    sum(arrived.n_loaded)                                       AS n_loaded,
    sum(arrived.n_corrected)                                    AS n_corrected,
    sum(arrived.n_voided)                                       AS n_voided,
    sum(arrived.n_unchanged)                                    AS n_unchanged,
    sum(arrived.n_rejected)                                     AS n_rejected
FROM arrived
LEFT JOIN
(
    SELECT batch, if(min(name) = max(name), min(name), '') AS author
    FROM named
    WHERE name != ''
    GROUP BY batch
) AS authors ON authors.batch = arrived.batch
GROUP BY stream, from_whom
ORDER BY stream, from_whom = '', n_read DESC, from_whom
