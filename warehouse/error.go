package warehouse

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// Error is a failure that a person can mend. Code is stable and the key of its sentence in the message
// catalogue; Args are the values that the sentence names; Err is the cause, if there is one.
//
// Two errors are the same for errors.Is when their codes are equal, so the sentinels below match whatever
// their arguments.
type Error struct {
	Code string
	Args map[string]string
	Err  error
}

// The failures that callers tell apart.
var (
	// ErrNoLibrary: libchdb.so is in none of the places that are searched.
	ErrNoLibrary = &Error{Code: "warehouse.no_library"}
	// ErrPortInUse: the TCP port asked for belongs to another program. Args: port.
	ErrPortInUse = &Error{Code: "warehouse.port_in_use"}
	// ErrDataDir: the data directory cannot be created or written. Args: dir.
	ErrDataDir = &Error{Code: "warehouse.data_dir"}
	// ErrDiskFull: a disk has no room left, or the user's quota none. Args: dir, a folder on that disk.
	ErrDiskFull = &Error{Code: "warehouse.disk_full"}
	// ErrDataDirBusy: a program that is not an engine of ohwatch has the data open. Args: dir.
	ErrDataDirBusy = &Error{Code: "warehouse.data_dir_busy"}
	// ErrEngineFailed: the engine ended before it could answer. Args: log, detail.
	ErrEngineFailed = &Error{Code: "warehouse.engine_failed"}
	// ErrEngineStopped: the engine went away while it was in use. Args: log.
	ErrEngineStopped = &Error{Code: "warehouse.engine_stopped"}
	// ErrUnreachable: no server answers at the address of the DSN. Args: address.
	ErrUnreachable = &Error{Code: "warehouse.unreachable"}
	// ErrDSN: the address of the server cannot be read.
	ErrDSN = &Error{Code: "warehouse.dsn"}
	// ErrAccess: the server refuses the user or the password. Args: address, user.
	ErrAccess = &Error{Code: "warehouse.access"}
	// ErrSchemaOutdated: migrations are waiting. Args: pending.
	ErrSchemaOutdated = &Error{Code: "warehouse.schema_outdated"}
	// ErrSchemaNewer: the database holds migrations that this program does not know. Args: version.
	ErrSchemaNewer = &Error{Code: "warehouse.schema_newer"}
	// ErrMigrationChanged: the text of an applied migration is not what it was. Args: file.
	ErrMigrationChanged = &Error{Code: "warehouse.migration_changed"}
	// ErrMigrationLocked: another command is migrating the same database. Args: owner.
	ErrMigrationLocked = &Error{Code: "warehouse.migration_locked"}
)

// sentence returns the English text of a code; the catalogue has them in every language under the same keys.
func sentence(code string) string {
	switch code {
	case "warehouse.no_library":
		return `the engine library libchdb.so was not found: run "npm ci" in the folder of the project, or set OHWATCH_LIBCHDB to the path of the file`
	case "warehouse.port_in_use":
		return `port {port} is used by another program: stop that program, or set OHWATCH_ENGINE_PORT=0 to let ohwatch choose a free one`
	case "warehouse.data_dir":
		return `the data directory {dir} cannot be written: give the current user the right to write there, or name another one with --data DIR`
	case "warehouse.disk_full":
		return `no space is left on the disk of {dir}; nothing half-written is visible or counted: make room, then run the same command again`
	case "warehouse.data_dir_busy":
		return `another program has the data in {dir} open: stop it, or name another directory with --data DIR`
	case "warehouse.engine_failed":
		return `the engine did not start ({detail}): read {log}, then run "ohwatch doctor"`
	case "warehouse.engine_stopped":
		return `the engine stopped while it was in use, committed data is safe: run the command again, and read {log} if it happens twice`
	case "warehouse.unreachable":
		return `no ClickHouse server answers at {address}: start the server or correct the address, then run "ohwatch doctor"`
	case "warehouse.dsn":
		return `the address of the ClickHouse server cannot be read: write it as clickhouse://user:password@host:9000/database`
	case "warehouse.access":
		return `the ClickHouse server at {address} refuses the user {user}: correct the user or the password in the address of the server`
	case "warehouse.schema_outdated":
		return `{pending} schema migrations are waiting: run "ohwatch migrate up"`
	case "warehouse.schema_newer":
		return `the warehouse was migrated to version {version} by a newer ohwatch: install that version`
	case "warehouse.migration_changed":
		return `the migration {file} was changed after it had been applied: put its text back and write the change as a new file`
	case "warehouse.migration_locked":
		return `another command is migrating this warehouse ({owner}): wait until it has ended and run "ohwatch migrate up" again`
	}
	return code
}

// Error returns the English sentence, with the cause behind it.
func (e *Error) Error() string {
	text := sentence(e.Code)
	for name, value := range e.Args {
		text = strings.ReplaceAll(text, "{"+name+"}", value)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Code == e.Code
}

// with returns the sentinel filled with a cause and pairs of argument names and values.
func (e *Error) with(cause error, args ...string) *Error {
	filled := &Error{Code: e.Code, Args: make(map[string]string, len(args)/2), Err: cause}
	for i := 0; i+1 < len(args); i += 2 {
		filled.Args[args[i]] = args[i+1]
	}
	return filled
}

// Exception codes of the ClickHouse server that this package acts upon.
const (
	codeTableExists     = 57
	codeUnknownTable    = 60
	codeUnknownDatabase = 81
	codeNotEnoughSpace  = 243
	codeUnknownUser     = 192
	codeWrongPassword   = 193
	codeRequired        = 194
	codeAuthentication  = 516
)

// serverCode returns the exception code of the server inside err, 0 when there is none.
func serverCode(err error) int32 {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return exception.Code
	}
	return 0
}

// DiskFull returns ErrDiskFull around an err that says that a disk has no room left, and any other err as it is. dir is a
// folder on the disk, for an err that names no file.
func DiskFull(err error, dir string) error {
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		full = full || exception.Code == codeNotEnoughSpace || strings.Contains(exception.Message, "No space left on device") ||
			strings.Contains(exception.Message, "Disk quota exceeded")
	}
	if !full || errors.Is(err, ErrDiskFull) {
		return err
	}
	var file *fs.PathError
	if errors.As(err, &file) && file.Path != "" {
		dir = filepath.Dir(file.Path)
	}
	return ErrDiskFull.with(err, "dir", dir)
}

func doing(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
