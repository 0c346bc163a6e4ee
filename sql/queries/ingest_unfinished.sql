-- title: Batches that were begun and neither published nor given up
SELECT batch, any(stream) AS stream
FROM ops_batch
GROUP BY batch
HAVING max(state) = 'started'
ORDER BY batch
