-- name: migration_lock_renew
-- title: Say that the owner of the lock still lives
ALTER TABLE {{ident .Lock}} MODIFY COMMENT {{literal .Owner}}
