package warehouse

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/template"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
)

//go:embed config/*.tmpl
var configTemplates embed.FS

var errEngineRuns = errors.New("an engine of ohwatch runs on this data already")

const (
	watchEvery = 500 * time.Millisecond // pause between two looks for users
	watchMost  = 6                      // looks without any user after which the engine ends
	killAfter  = 30 * time.Second       // patience with a clean end
)

// RunEngine is the whole life of the engine's process: it runs ClickHouse out of libchdb.so as described by
// engine.json in dir, on loopback only, until a user shuts it down, until SIGTERM, or until nobody has used it
// for about three seconds. It must be called once, by a process that does nothing else.
func RunEngine(ctx context.Context, dir string) error {
	alive, err := openLock(filepath.Join(dir, aliveLock))
	if err != nil {
		return doing(err, "run the engine")
	}
	defer runtime.KeepAlive(alive) // not closed: the lock ends with the process, when the data is free
	if first, err := alive.try(syscall.LOCK_EX); err != nil {
		return doing(err, "run the engine")
	} else if !first {
		return errEngineRuns
	}
	if err := alive.write(strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		return doing(err, "run the engine")
	}
	state, err := readState(dir)
	if err != nil {
		return doing(err, "read how to run the engine")
	}
	configFile, err := writeConfig(dir, state)
	if err != nil {
		return doing(err, "write the configuration of the engine")
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
	signal.Ignore(syscall.SIGHUP)
	go func() {
		var start *fileLock // kept until the process is gone, so that no user joins an ending engine
		select {
		case <-ctx.Done():
		case <-signals:
		case start = <-abandoned(dir):
		}
		endSession(dir, state)
		runtime.KeepAlive(start)
	}()
	return serveLibrary(state, []string{
		"clickhouse-local",
		"--config-file=" + configFile,
		"--path=" + filepath.Join(dir, "data"),
		"--listen_host=" + loopback,
		"--tcp_port=" + strconv.Itoa(state.TCPPort),
		"--http_port=" + strconv.Itoa(state.HTTPPort),
		// The session that keeps the listeners open; it ends when its last query is killed.
		"--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; " +
			"SELECT sleepEachRow(0.1) FROM system.numbers SETTINGS max_block_size = 1 FORMAT Null",
	})
}

// serveLibrary loads the library and runs clickhouse-local's main in it until that returns.
func serveLibrary(state engineState, args []string) error {
	runtime.LockOSThread()
	handle, err := purego.Dlopen(state.Library, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load %s: %w", state.Library, err)
	}
	var setSignalHandlers func(enabled int32)
	purego.RegisterLibFunc(&setSignalHandlers, handle, "chdb_set_signal_handlers_enabled")
	setSignalHandlers(0)
	var main func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	purego.RegisterLibFunc(&main, handle, "chdb_query_cmdline")

	var pins runtime.Pinner
	defer pins.Unpin()
	argv := make([]*byte, len(args)+1)
	for i, arg := range args {
		text := append([]byte(arg), 0)
		pins.Pin(&text[0])
		argv[i] = &text[0]
	}
	pins.Pin(&argv[0])
	main(int32(len(args)), unsafe.Pointer(&argv[0]))
	return nil
}

// abandoned yields the start lock, held, once no user has been there for watchMost looks in a row.
func abandoned(dir string) <-chan *fileLock {
	found := make(chan *fileLock, 1)
	go func() {
		for unused := 0; ; {
			time.Sleep(watchEvery)
			if used, err := inUse(dir); err != nil {
				unused = watchMost // the data directory is gone
			} else if used {
				unused = 0
				continue
			}
			if unused++; unused < watchMost {
				continue
			}
			start, err := openLock(filepath.Join(dir, startLock))
			if err != nil {
				found <- nil
				return
			}
			// Whoever holds the lock is joining or stopping the engine: look again.
			if free, err := start.try(syscall.LOCK_EX); err == nil && free {
				if used, err := inUse(dir); err != nil || !used {
					found <- start
					return
				}
			}
			start.close()
			unused = 0
		}
	}()
	return found
}

// inUse reports whether any user holds the engine.
func inUse(dir string) (bool, error) {
	file, err := os.OpenFile(filepath.Join(dir, usersLock), os.O_RDWR, 0)
	if err != nil {
		return false, err
	}
	users := &fileLock{file}
	defer users.close()
	free, err := users.try(syscall.LOCK_EX)
	return !free, err
}

// endSession kills the query that keeps the engine's local session alive, so that ClickHouse closes its
// tables and returns. A session that does not end in time takes the process with it; what was committed is safe.
func endSession(dir string, state engineState) {
	time.AfterFunc(killAfter, func() { os.Exit(1) })
	ctx, cancel := context.WithTimeout(context.Background(), killAfter)
	defer cancel()
	for {
		err := func() error {
			conn, err := openConn(state.options(""))
			if err != nil {
				return err
			}
			defer conn.Close()
			text, err := queryText("warehouse_end_session")
			if err != nil {
				return err
			}
			return conn.Exec(ctx, text)
		}()
		if err == nil || ctx.Err() != nil {
			return
		}
		fmt.Fprintf(os.Stderr, "end the session of the engine in %s: %v\n", dir, err)
		time.Sleep(200 * time.Millisecond)
	}
}

// writeConfig writes the server configuration and the users of the engine and returns the path of the former.
func writeConfig(dir string, state engineState) (string, error) {
	templates, err := template.ParseFS(configTemplates, "config/*.tmpl")
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(state.Password))
	values := map[string]any{
		"Dir": dir, "Backups": filepath.Join(filepath.Dir(dir), "backups"), "Users": filepath.Join(dir, "users.xml"),
		"Memory": state.Memory, "QueryMemory": state.Memory / 10 * 8, "SpillMemory": state.Memory / 10 * 4,
		"Cache": min(state.Memory/16, 256<<20), "Threads": max(2, runtime.NumCPU()/2),
		"User": state.User, "Reader": state.Reader, "PasswordHash": hex.EncodeToString(hash[:]),
	}
	for _, name := range []string{"users.xml", "config.xml"} {
		var text strings.Builder
		if err := templates.ExecuteTemplate(&text, name+".tmpl", values); err != nil {
			return "", err
		}
		if err := writeSecret(filepath.Join(dir, name), []byte(text.String())); err != nil {
			return "", err
		}
	}
	return filepath.Join(dir, "config.xml"), nil
}
