-- name: migration_list
-- title: Applied migrations, newest version first
SELECT version, argMax(ops_migration.checksum, ops_migration.applied_at) AS checksum, max(ops_migration.applied_at) AS applied_at
FROM ops_migration
GROUP BY version
ORDER BY version DESC
