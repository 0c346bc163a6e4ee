package transform

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

const (
	lockPatience = 2 * time.Minute
	lockPause    = 50 * time.Millisecond
)

// IsBusy reports whether another run is at work on the database, as far as this machine knows.
func IsBusy(db *warehouse.DB) bool {
	file, err := openLock(db, "transform")
	if err != nil {
		return false // the run itself will say what is wrong
	}
	defer file.Close()
	return errors.Is(syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// lock keeps other runs of this machine away from the database until unlock is called. It is a lock on a file
// that the kernel gives back when the process ends: in the data directory of an embedded engine, in the folder
// for temporary files when the warehouse is on a server.
func lock(ctx context.Context, db *warehouse.DB) (unlock func(), err error) {
	return lockFor(ctx, db, "transform")
}

// lockFor is lock for another kind of work, which does not wait for transforms.
func lockFor(ctx context.Context, db *warehouse.DB, work string) (unlock func(), err error) {
	file, err := openLock(db, work)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(lockPatience)
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { file.Close() }, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", file.Name(), err), file.Close())
		}
		if time.Now().After(deadline) {
			return nil, errors.Join(ErrBusy, file.Close())
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("wait for another run: %w", ctx.Err()), file.Close())
		case <-time.After(lockPause):
		}
	}
}

// today is the date in Shanghai, midnight UTC.
func today(now func() time.Time) time.Time { return period.Today(now, period.Shanghai()) }

// openLock opens the file of the lock of a kind of work.
func openLock(db *warehouse.DB, work string) (*os.File, error) {
	dir := db.DataDir()
	if dir == "" {
		dir = os.TempDir()
	}
	h := fnv.New64a()
	h.Write([]byte(db.DSN()))
	name := "ohwatch-" + work + "-" + db.Database() + ".lock"
	if db.DataDir() == "" {
		name = "ohwatch-" + work + "-" + hex.EncodeToString(h.Sum(nil)) + ".lock"
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock of the %s: %w", work, err)
	}
	return file, nil
}
