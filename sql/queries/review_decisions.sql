-- title: Decisions on names that are in force
SELECT
    max(ops_alias.id) AS id, kind, sender, name, argMax(ops_alias.action, ops_alias.id)::String AS action, argMax(ops_alias.code, ops_alias.id) AS code,
    argMax(ops_alias.by, ops_alias.id) AS by, formatDateTime(argMax(ops_alias.at, ops_alias.id), '%Y-%m-%dT%H:%i:%SZ', 'UTC') AS at,
    argMax(ops_alias.reason, ops_alias.id) AS reason
FROM ops_alias
GROUP BY kind, sender, name
HAVING action != 'undo'
ORDER BY id
