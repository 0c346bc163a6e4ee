-- name: reference_insert
-- title: Record a loaded reference list
INSERT INTO ops_reference (name, sha256, n_rows, loaded_at)
SELECT {name:String}, {sha256:String}, {rows:UInt64}, fromUnixTimestamp64Milli({at:Int64}, 'UTC')
