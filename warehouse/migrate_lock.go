package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// How a command keeps the migration lock of a server, and how long others respect it.
const (
	lockRenewal  = 10 * time.Second
	lockSilence  = time.Minute
	lockPatience = 2 * time.Minute
	lockWait     = 200 * time.Millisecond
)

// lockMigration keeps other commands from migrating until unlock is called. On the embedded engine it is a
// lock on a file, which the kernel gives back when the process ends.
func (db *DB) lockMigration(ctx context.Context) (unlock func() error, err error) {
	if db.engine == nil {
		return db.lockOnServer(ctx)
	}
	lock, err := openLock(filepath.Join(db.engine.dir, migrateLock))
	if err != nil {
		return nil, ErrDataDir.with(err, "dir", db.engine.dataDir)
	}
	if err := lock.wait(ctx, syscall.LOCK_EX); err != nil {
		return nil, errors.Join(ErrMigrationLocked.with(err, "owner", db.engine.dataDir), lock.close())
	}
	return lock.close, nil
}

// lockOnServer takes the lock of a server: a table ops_migration_lock_N, which only one of several can create.
// Its owner renews it; when it has been silent for lockSilence another command takes over by creating the
// table with the next number, which again only one can. On a cluster all must migrate through the same server.
func (db *DB) lockOnServer(ctx context.Context) (unlock func() error, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	owner := fmt.Sprintf("%s, process %d", host, os.Getpid())
	patience, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	for {
		var locks []struct {
			Number uint64 `ch:"number"`
			Owner  string `ch:"owner"`
			Silent uint64 `ch:"silent_seconds"`
		}
		if err := db.Select(patience, &locks, "warehouse_migration_lock_list"); err != nil {
			return nil, err
		}
		number, stale := uint64(1), uint64(0)
		if len(locks) > 0 {
			newest := locks[0]
			if newest.Silent < uint64(lockSilence/time.Second) {
				select {
				case <-patience.Done():
					return nil, ErrMigrationLocked.with(ctx.Err(), "owner", newest.Owner)
				case <-time.After(lockWait):
				}
				continue
			}
			number, stale = newest.Number+1, newest.Number
		}
		err := db.changeLock(patience, "warehouse_migration_lock", number, owner)
		if serverCode(err) == codeTableExists {
			continue
		}
		if err != nil {
			return nil, err
		}
		if stale > 0 {
			db.cfg.Log.Warn("migration lock taken over", "from", locks[0].Owner)
			if err := db.changeLock(ctx, "warehouse_migration_unlock", stale, ""); err != nil {
				return nil, err
			}
		}
		return db.keepLock(ctx, number, owner), nil
	}
}

// keepLock renews the lock until the returned function gives it back.
func (db *DB) keepLock(ctx context.Context, number uint64, owner string) (unlock func() error) {
	ctx = context.WithoutCancel(ctx)
	renewing, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for beat := 1; ; beat++ {
			select {
			case <-renewing.Done():
				return
			case <-time.After(lockRenewal):
			}
			said := owner + strings.Repeat(".", beat%3+1) // a comment that does not change is not written
			if err := db.changeLock(renewing, "warehouse_migration_lock_renew", number, said); err != nil && renewing.Err() == nil {
				db.cfg.Log.Warn("renew the migration lock", "error", err)
			}
		}
	}()
	return func() error {
		stop()
		<-done
		return db.changeLock(ctx, "warehouse_migration_unlock", number, "")
	}
}

func (db *DB) changeLock(ctx context.Context, query string, number uint64, owner string) error {
	text, err := db.render(query, map[string]any{"Lock": fmt.Sprintf("ops_migration_lock_%d", number), "Owner": owner})
	if err != nil {
		return err
	}
	return doing(db.ExecSQL(ctx, text), "run %s", query)
}
