-- name: reports_snapshot
-- title: The data behind a report
-- The hash changes when a batch is published or taken back.
SELECT
    max(batch)                                                        AS last_batch,
    toUInt64(count())                                                 AS batches,
    argMax(published_at, batch)                                       AS last_at,
    lower(hex(sipHash128(arraySort(groupArray((batch, sha256))))))    AS hash
FROM
(
    SELECT
        batch,
        any(toString(sha256))               AS sha256,
        maxIf(at, state = 'published')      AS published_at
    FROM ops_batch
    GROUP BY batch
    HAVING argMax(state, (at, state)) = 'published'
)
