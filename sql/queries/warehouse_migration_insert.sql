-- name: migration_insert
-- title: Record an applied migration
INSERT INTO ops_migration (version, name, checksum, applied_at)
SELECT {version:Int64}, {name:String}, {checksum:String}, fromUnixTimestamp64Milli({at:Int64}, 'UTC')
