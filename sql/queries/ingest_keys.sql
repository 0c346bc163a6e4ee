-- title: Present version of every fact of a stream, by the hash of its natural key
SELECT
    key_hash,
    argMax(content_hash, (batch, row, version)) AS content_hash,
    max(version) AS version,
    argMax(op = 'void', (batch, row, version)) AS void
FROM {table:Identifier}
WHERE batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published')
GROUP BY key_hash
SETTINGS prefer_column_name_to_alias = 1
