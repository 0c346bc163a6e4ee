package schedule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// schedulerLock is the name of the lock that the one scheduler of a warehouse holds.
const schedulerLock = "scheduler"

// Locks are named locks, one file each in a folder, shared by all programs that use the folder. The system
// frees a lock when the program that holds it ends, however it ends.
type Locks struct {
	Dir string
	Now func() time.Time
}

// Holder is the program that holds a lock.
type Holder struct {
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
}

// BusyError says that a lock is held by somebody else.
type BusyError struct {
	Name   string // of the job, or "scheduler"
	Holder Holder // zero when it is not known
}

// Error returns the sentence in English, for logs.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s is already running (process %d since %s)", e.Name, e.Holder.PID, e.Holder.Since.Format(time.DateTime))
}

// Message returns the key of the sentence in the message catalogue and what it names.
func (e *BusyError) Message() (key string, args map[string]any) {
	key = "jobs.busy"
	if e.Name == schedulerLock {
		key = "jobs.second_scheduler"
	}
	return key, map[string]any{"job": e.Name, "pid": e.Holder.PID, "since": e.Holder.Since.Format(time.DateTime)}
}

// Lock takes the lock of that name, or returns a *BusyError at once. The returned function gives it back.
func (l Locks) Lock(name string) (unlock func(), err error) {
	if err := os.MkdirAll(l.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	file, err := os.OpenFile(filepath.Join(l.Dir, name+".lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer file.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", name, err)
		}
		busy := &BusyError{Name: name}
		_ = json.NewDecoder(file).Decode(&busy.Holder) // only informs; the holder may not have written it yet
		return nil, busy
	}
	if err := writeHolder(file, Holder{PID: os.Getpid(), Since: l.Now()}); err != nil {
		file.Close()
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	return func() { file.Close() }, nil
}

func writeHolder(file *os.File, h Holder) error {
	text, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if err := file.Truncate(0); err != nil {
		return err
	}
	_, err = file.WriteAt(append(text, '\n'), 0)
	return err
}

// wait takes the lock of that name as soon as it is free. It fails only with ctx.
func (l Locks) wait(ctx context.Context, name string, log *slog.Logger) (unlock func(), err error) {
	for told := false; ; told = true {
		unlock, err := l.Lock(name)
		if err == nil {
			return unlock, nil
		}
		if !told {
			log.Warn("job waits for its lock", "job", name, "error", err)
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		}
	}
}
