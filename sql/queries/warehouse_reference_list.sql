-- name: reference_list
-- title: Reference tables with the hash of the list last loaded into them, empty when there is none
SELECT
    tables.name AS name,
    coalesce(loaded.sha256, '') AS sha256
FROM system.tables AS tables
LEFT JOIN
(
    SELECT concat('ref_', list.name) AS table, argMax(list.sha256, list.loaded_at) AS sha256
    FROM ops_reference AS list
    GROUP BY table
) AS loaded ON loaded.table = tables.name
WHERE tables.database = currentDatabase() AND startsWith(tables.name, 'ref_')
ORDER BY name
