-- name: snapshot_next
-- title: Number of the next snapshot, above those of values whose snapshot was never finished
SELECT toUInt64(greatest((SELECT max(snapshot) FROM ops_snapshot), (SELECT max(snapshot) FROM ind_snapshot)) + 1)
