-- title: Give later batches a copy of the rows that they confirmed of a batch, before it is taken back
-- The earliest batch that still counts gets the copy, marked as kept. A version that such a batch holds already
-- needs none.
INSERT INTO {{ident .Table}}
SELECT source.* REPLACE (confirmed.batch AS batch, confirmed.row AS row, confirmed.sheet AS sheet, arrayPushBack(source.notes, 'kept') AS notes)
FROM {{ident .Table}} AS source
INNER JOIN
(
    SELECT
        key_hash, version, tupleElement(min((ops_unchanged.batch, ops_unchanged.row)), 1) AS batch,
        tupleElement(min((ops_unchanged.batch, ops_unchanged.row)), 2) AS row, argMin(batches.sheet, (ops_unchanged.batch, ops_unchanged.row)) AS sheet
    FROM ops_unchanged
    INNER JOIN
    (
        SELECT batch, anyIf(ops_batch.sheet, ops_batch.sheet != '') AS sheet
        FROM ops_batch
        WHERE stream = {stream:String} AND batch != {batch:UInt64}
        GROUP BY batch
        HAVING max(state) = 'published'
    ) AS batches ON batches.batch = ops_unchanged.batch
    WHERE stream = {stream:String}
    GROUP BY key_hash, version
) AS confirmed ON confirmed.key_hash = source.key_hash AND confirmed.version = source.version
WHERE source.batch = {batch:UInt64} AND (source.key_hash, source.version) NOT IN
(
    SELECT key_hash, version
    FROM {{ident .Table}}
    WHERE batch != {batch:UInt64} AND batch IN (SELECT batch FROM ops_batch WHERE stream = {stream:String} GROUP BY batch HAVING max(state) = 'published')
)
