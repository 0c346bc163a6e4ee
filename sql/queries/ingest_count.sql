-- title: Rows of batches as they stand in the table of their stream
SELECT batch, countIf(op = 'load') AS loaded, countIf(op = 'correct') AS corrected, countIf(op = 'void') AS voided
FROM {table:Identifier}
WHERE batch IN {batches:Array(UInt64)}
GROUP BY batch
ORDER BY batch
