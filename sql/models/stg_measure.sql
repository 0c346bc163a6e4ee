-- name: stg_measure
-- title: 批次的计量 | What was measured of the batches that count
-- grain: one row per batch, kind, field and value
-- order: batch, kind, field, value
-- A batch that was measured twice, after a crash, has the same rows twice.
SELECT m.batch AS batch, any(m.stream)::String AS stream, toString(m.kind) AS kind, m.field::String AS field, m.value AS value, max(m.n) AS n
FROM ops_measure AS m
WHERE m.batch IN (SELECT batch FROM stg_batch)
GROUP BY m.batch, m.kind, m.field, m.value
