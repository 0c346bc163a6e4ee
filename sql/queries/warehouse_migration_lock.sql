-- name: migration_lock
-- title: Take the lock of the migrations; fails when it exists
CREATE TABLE {{ident .Lock}} (nothing UInt8) ENGINE = Memory COMMENT {{literal .Owner}}
