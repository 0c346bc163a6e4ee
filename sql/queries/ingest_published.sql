-- title: Published batches by file, as far as no batch of their stream was taken back since
-- A file that is sent again needs no reading when one of these has the same bytes, stream and mapping.
WITH
    reverts AS (SELECT stream, max(at) AS at FROM ops_batch WHERE state = 'reverted' GROUP BY stream),
    batches AS
    (
        SELECT
            batch,
            any(stream) AS stream,
            any(sha256) AS sha256,
            any(sheet) AS sheet,
            any(mapping) AS mapping,
            max(state) AS state,
            maxIf(at, state = 'published') AS published_at,
            max(n_read) AS n_read,
            max(bytes) AS bytes,
            max(n_unchanged) AS n_unchanged,
            max(n_rejected) AS n_rejected
        FROM ops_batch
        GROUP BY batch
    )
SELECT batch, batches.stream, toString(sha256) AS sha256, sheet, mapping, n_read, n_rejected, bytes
FROM batches
LEFT JOIN reverts ON reverts.stream = batches.stream
WHERE batches.state = 'published' AND n_unchanged < n_read AND published_at > reverts.at
ORDER BY batch
SETTINGS prefer_column_name_to_alias = 1
