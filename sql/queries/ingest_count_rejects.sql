-- title: Rejected rows of batches as they stand in the findings
-- The findings of one row share its sealed text, and no two rows have the same one.
SELECT batch, uniqExact(sealed) AS rejected
FROM ops_finding
WHERE batch IN {batches:Array(UInt64)} AND severity = 'reject'
GROUP BY batch
ORDER BY batch
