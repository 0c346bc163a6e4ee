-- name: migration_unlock
-- title: Give the lock of the migrations back
DROP TABLE IF EXISTS {{ident .Lock}} SYNC
