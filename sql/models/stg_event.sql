-- name: stg_event
-- title: 急性事件 | Acute and group events
-- grain: one row per event, its latest version among the published batches; voided ones are left out
-- order: start_date, event_code
SELECT *
FROM raw_event
WHERE op != 'void'
  AND (key_hash, version, batch, row) IN (
      SELECT key_hash, latest.1, latest.2, latest.3
      FROM
      (
          SELECT key_hash, max((version, batch, row)) AS latest
          FROM raw_event
          WHERE batch IN (SELECT batch FROM stg_batch WHERE stream = 'event')
          GROUP BY key_hash
      )
  )
