-- name: migration_get
-- title: When a migration was applied
SELECT applied_at
FROM ops_migration
WHERE version = {version:Int64}
ORDER BY applied_at DESC
LIMIT 1
