package warehouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lockPoll is the pause between two tries for a lock that another process holds.
const lockPoll = 10 * time.Millisecond

// fileLock is an advisory lock on a file, given back by the kernel when the process ends, however it ends.
// Two of them on the same file exclude each other inside one process as well.
type fileLock struct{ file *os.File }

// openLock opens the file for locking and creates it if needed. It holds no lock yet.
func openLock(path string) (*fileLock, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	return &fileLock{file}, nil
}

// try takes the lock (syscall.LOCK_SH or LOCK_EX) if it is free at this moment. A lock already held through l
// changes its kind; when that fails the former one may be lost.
func (l *fileLock) try(how int) (bool, error) {
	for {
		err := syscall.Flock(int(l.file.Fd()), how|syscall.LOCK_NB)
		switch {
		case err == nil:
			return true, nil
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return false, nil
		}
		return false, fmt.Errorf("lock %s: %w", l.file.Name(), err)
	}
}

// wait takes the lock and waits for it as long as ctx allows.
func (l *fileLock) wait(ctx context.Context, how int) error {
	for {
		locked, err := l.try(how)
		if locked || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for lock %s: %w", l.file.Name(), ctx.Err())
		case <-time.After(lockPoll):
		}
	}
}

// write replaces the content of the locked file, which tells people who holds it.
func (l *fileLock) write(text string) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt([]byte(text), 0)
	return err
}

// close gives the lock back.
func (l *fileLock) close() error { return l.file.Close() }
