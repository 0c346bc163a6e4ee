-- name: explain_batches
-- title: The batches that count in the values
SELECT groupArray(batch) FROM (SELECT batch FROM stg_batch ORDER BY batch)
