-- name: reference_list
-- title: Reference lists with the hash of their last load, and whether their table is there
SELECT
    name,
    argMax(ops_reference.sha256, ops_reference.loaded_at) AS sha256,
    concat('ref_', name) IN (SELECT tables.name FROM system.tables AS tables WHERE tables.database = currentDatabase()) AS has_table
FROM ops_reference
GROUP BY name
ORDER BY name
