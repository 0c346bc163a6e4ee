-- title: Published batches of a stream that were not measured yet
SELECT batch
FROM ops_batch
WHERE stream = {stream:String} AND batch NOT IN (SELECT batch FROM ops_measure WHERE kind = 'rows')
GROUP BY batch
HAVING max(state) = 'published'
ORDER BY batch
LIMIT 10000
