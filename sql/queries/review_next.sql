-- title: Number of the next decision on a name
SELECT max(id) + 1 AS id FROM ops_alias
