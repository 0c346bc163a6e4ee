-- title: Number of the next batch
SELECT max(batch) + 1 AS batch FROM ops_batch
