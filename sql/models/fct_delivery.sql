-- name: fct_delivery
-- title: 每次报送 | Deliveries
-- grain: one row per batch that counts
-- order: sender, stream, received_day, batch
-- A batch whose sender is not recorded belongs to the one institution that its rows name; with several or none the
-- sender stays empty. A file that was sent again with the same bytes was not read again: is_resend.
WITH
    nameless AS (SELECT batch FROM stg_batch WHERE sender = ''),
    named AS
    (
        SELECT batch, institution_name::String AS name FROM raw_exam WHERE batch IN (SELECT batch FROM nameless)
        UNION ALL SELECT batch, institution_name::String FROM raw_detection WHERE batch IN (SELECT batch FROM nameless)
        UNION ALL SELECT batch, dosimetry_org::String FROM raw_dose WHERE batch IN (SELECT batch FROM nameless)
        UNION ALL SELECT batch, report_org::String FROM raw_case_report WHERE batch IN (SELECT batch FROM nameless)
        UNION ALL SELECT batch, organiser::String FROM raw_training WHERE batch IN (SELECT batch FROM nameless)
    ),
    authors AS
    (
        SELECT batch, if(min(name) = max(name), min(name), '') AS author FROM named WHERE name != '' GROUP BY batch
    ),
    read_as AS
    (
        SELECT b.batch AS batch, max(b.contract) = '' AS is_resend, argMax(b.headings, length(b.headings)) AS headings,
            argMax(b.heading_fields, length(b.heading_fields)) AS heading_fields
        FROM ops_batch AS b
        GROUP BY b.batch
    )
SELECT
    stg_batch.batch                                                             AS batch,
    stg_batch.stream::String                                                    AS stream,
    if(stg_batch.sender = '', authors.author, stg_batch.sender::String)         AS sender,
    stg_batch.received_at                                                       AS received_at,
    toDate32(stg_batch.received_at, 'Asia/Shanghai')                            AS received_day,
    formatDateTime(stg_batch.received_at, '%Y-%m', 'Asia/Shanghai')             AS month,
    read_as.is_resend                                                           AS is_resend,
    stg_batch.n_read                                                            AS n_read,
    stg_batch.n_loaded                                                          AS n_loaded,
    stg_batch.n_corrected                                                       AS n_corrected,
    stg_batch.n_voided                                                          AS n_voided,
    stg_batch.n_unchanged                                                       AS n_unchanged,
    stg_batch.n_rejected                                                        AS n_rejected,
    read_as.headings                                                            AS headings,
    read_as.heading_fields::Array(String)                                       AS heading_fields
FROM stg_batch
LEFT JOIN authors ON authors.batch = stg_batch.batch
LEFT JOIN read_as ON read_as.batch = stg_batch.batch
