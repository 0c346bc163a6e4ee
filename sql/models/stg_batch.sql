-- name: stg_batch
-- title: 有效批次 | Batches that count
-- grain: one row per batch that was published and not taken back at the instant as_of
-- order: stream, batch
SELECT
    batch,
    argMax(stream, (at, state))              AS stream,
    argMax(file, (at, state))                AS file,
    argMax(sheet, (at, state))               AS sheet,
    argMax(sender, (at, state))              AS sender,
    min(at)                                  AS started_at,
    maxIf(at, state = 'published')           AS published_at,
    max(received_at)                         AS received_at,
    argMax(n_read, (at, state))              AS n_read,
    argMax(n_loaded, (at, state))            AS n_loaded,
    argMax(n_corrected, (at, state))         AS n_corrected,
    argMax(n_voided, (at, state))            AS n_voided,
    argMax(n_unchanged, (at, state))         AS n_unchanged,
    argMax(n_rejected, (at, state))          AS n_rejected,
    argMax(n_warned, (at, state))            AS n_warned
FROM ops_batch
WHERE at <= {as_of:DateTime64(3, 'UTC')}
GROUP BY batch
HAVING argMax(state, (at, state)) = 'published'
