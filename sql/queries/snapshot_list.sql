-- name: snapshot_list
-- title: Snapshots, the newest first
SELECT
    snapshot, at, kind::String AS kind, name, periods, read_on, as_of, city::String AS city, batches, decisions, definitions, `references`,
    document, document_sha256, n_values, values_sha256, previous_sha256, sha256, by::String AS by, comment
FROM ops_snapshot
ORDER BY snapshot DESC
