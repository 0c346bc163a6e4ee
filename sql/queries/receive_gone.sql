-- title: How many of some batches no longer count
SELECT toUInt64(count()) AS n
FROM
(
    SELECT batch FROM ops_batch
    WHERE batch IN {batches:Array(UInt64)}
    GROUP BY batch
    HAVING max(state) != 'published'
)
