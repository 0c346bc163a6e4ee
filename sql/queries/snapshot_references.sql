-- name: snapshot_references
-- title: Code lists with the hash of what is loaded
SELECT list.name AS name, argMax(toString(list.sha256), list.loaded_at) AS sha256
FROM ops_reference AS list
GROUP BY list.name
ORDER BY name
