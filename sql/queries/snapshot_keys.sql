-- name: snapshot_keys
-- title: Columns of the streams' tables that name an employer
SELECT table, arrayFilter(n -> n IN ('employer_key', 'using_key'), groupArray(name)) AS names
FROM system.columns
WHERE database = currentDatabase() AND startsWith(table, 'raw_') AND NOT endsWith(table, '_local')
GROUP BY table
ORDER BY table
