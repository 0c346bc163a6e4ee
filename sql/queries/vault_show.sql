-- title: What the vault keeps of a person, from batches that count, the latest first
SELECT field, sealed, stream, batch, row, at
FROM ops_vault
WHERE person_key = {person:UUID} AND batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published')
ORDER BY field, batch DESC, row DESC, sealed DESC
