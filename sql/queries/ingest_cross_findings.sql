-- title: Findings of a batch that say its rows against other streams, by code
-- The table is made by a transform; a warehouse that has none yet has no such findings.
SELECT severity, code, '' AS field, uniqExact(row) AS n_rows
FROM fct_cross_finding
WHERE batch = {batch:UInt64}
GROUP BY severity, code
ORDER BY severity DESC, n_rows DESC, code
