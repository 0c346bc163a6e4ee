-- name: transform_sources
-- title: What the source tables hold at the instant as_of, as one text for each table
-- A stream's text changes with the set of its batches that count, a reference list's with its table.
SELECT concat('raw_', stream) AS name, toString(cityHash64(arraySort(groupArray((batch, published_at))))) AS signature
FROM
(
    SELECT batch, argMax(stream, (at, state)) AS stream, maxIf(at, state = 'published') AS published_at
    FROM ops_batch
    WHERE at <= {as_of:DateTime64(3, 'UTC')}
    GROUP BY batch
    HAVING argMax(state, (at, state)) = 'published'
)
GROUP BY stream
UNION ALL
SELECT 'ops_batch', toString(cityHash64(count(), max(at))) FROM ops_batch
UNION ALL
SELECT 'ops_alias', toString(cityHash64(count(), max(id))) FROM ops_alias WHERE at <= {as_of:DateTime64(3, 'UTC')}
UNION ALL
SELECT name, toString(uuid) FROM system.tables WHERE database = currentDatabase() AND startsWith(name, 'ref_')
UNION ALL
SELECT 'ops_sender', toString(cityHash64(count(), max(at))) FROM ops_sender
UNION ALL
SELECT 'ops_zero', toString(cityHash64(count(), max(at))) FROM ops_zero
UNION ALL
SELECT 'ops_measure', toString(uniqExact(batch)) FROM ops_measure WHERE kind = 'rows'
