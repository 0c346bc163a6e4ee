-- title: Findings of a batch by code
SELECT toString(severity) AS severity, code, field, uniqExact(row) AS n_rows
FROM ops_finding
WHERE batch = {batch:UInt64}
GROUP BY severity, code, field
ORDER BY severity, n_rows DESC, code, field
