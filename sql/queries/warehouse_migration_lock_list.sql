-- name: migration_lock_list
-- title: Locks of the migrations, newest first, with the seconds since their owners last spoke
SELECT
    toUInt64(replaceOne(name, 'ops_migration_lock_', '')) AS number,
    comment AS owner,
    toUInt64(greatest(0, dateDiff('second', metadata_modification_time, now()))) AS silent_seconds
FROM system.tables
WHERE database = currentDatabase() AND match(name, '^ops_migration_lock_[0-9]+$')
ORDER BY number DESC
