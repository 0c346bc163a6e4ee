-- title: Present version of the facts with the keys in the external table wanted
-- The rows that the present load has written already count too.
SELECT
    key_hash,
    argMax(content_hash, (batch, row, version)) AS content_hash,
    max(version) AS version,
    argMax(op = 'void', (batch, row, version)) AS void,
    argMax(batch, (batch, row, version)) AS batch,
    argMax(row, (batch, row, version)) AS row
FROM {table:Identifier}
WHERE key_hash IN (SELECT key_hash FROM wanted)
    AND (batch >= {batch:UInt64} OR batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published'))
GROUP BY key_hash
SETTINGS prefer_column_name_to_alias = 1
