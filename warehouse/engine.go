package warehouse

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// childMark is set in the environment of the engine's process, so that it never starts another one.
	childMark = "OHWATCH_ENGINE_PROCESS"
	// libraryVariable overrides where libchdb.so is looked for.
	libraryVariable = "OHWATCH_LIBCHDB"
	// libraryPackage is where the Debian package installs the library.
	libraryPackage = "/usr/lib/ohwatch/libchdb.so"
	// libraryModule is where npm installs the library inside a project.
	libraryModule = "node_modules/@chdb/lib-linux-x64-gnu/libchdb.so"

	startTimeout = 2 * time.Minute // the library may have to come from a slow disk
	stopTimeout  = time.Minute
)

// The files in DIR/engine, by name.
const (
	stateFile   = "engine.json"  // how to reach the engine, with its password
	logFile     = "engine.log"   // what the engine says, of this start; the former one is kept as .1
	startLock   = "start.lock"   // exclusive while somebody starts, joins or stops the engine
	usersLock   = "users.lock"   // shared by every user of the engine
	aliveLock   = "engine.lock"  // exclusive by the engine's process as long as it lives; holds its number
	migrateLock = "migrate.lock" // exclusive while somebody migrates
)

// engineState is engine.json: all that the engine's process needs to start, and its users to reach it.
type engineState struct {
	Library  string `json:"library"`
	TCPPort  int    `json:"tcp_port"`
	HTTPPort int    `json:"http_port"`
	User     string `json:"user"`
	Reader   string `json:"reader"`
	Password string `json:"password"`
	Memory   uint64 `json:"memory_bytes"`
	Started  string `json:"started"`
}

func (s engineState) address() string { return net.JoinHostPort(loopback, strconv.Itoa(s.TCPPort)) }
func (s engineState) httpAddress() string {
	return net.JoinHostPort(loopback, strconv.Itoa(s.HTTPPort))
}

const loopback = "127.0.0.1"

// engine is one user's hold on the embedded engine of a data directory. It may be shared by several DBs of
// this process; the last one lets go.
type engine struct {
	dir     string // DIR/engine
	dataDir string // DIR, for messages
	users   *fileLock
	state   engineState
	log     *slog.Logger

	mu   sync.Mutex
	refs int
}

// joinEngine makes sure that the engine of cfg.DataDir runs and holds it for this user.
func joinEngine(ctx context.Context, cfg Config) (_ *engine, err error) {
	if os.Getenv(childMark) != "" {
		return nil, errors.New("the process of the engine must not open the warehouse: its program does not handle the engine command")
	}
	dataDir, err := filepath.Abs(cfg.DataDir)
	if err != nil {
		return nil, unwritable(err, cfg.DataDir)
	}
	dir := filepath.Join(dataDir, "engine")
	for _, d := range []string{dataDir, dir, filepath.Join(dir, "data"), filepath.Join(dir, "files"), filepath.Join(dataDir, "backups")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, unwritable(err, cfg.DataDir)
		}
	}
	start, err := openLock(filepath.Join(dir, startLock))
	if err != nil {
		return nil, unwritable(err, cfg.DataDir)
	}
	defer start.close()
	if err := start.wait(ctx, syscall.LOCK_EX); err != nil {
		return nil, doing(err, "wait for the start of the engine")
	}
	users, err := openLock(filepath.Join(dir, usersLock))
	if err != nil {
		return nil, unwritable(err, cfg.DataDir)
	}
	e := &engine{dir: dir, dataDir: dataDir, users: users, log: cfg.Log, refs: 1}
	defer func() {
		if err != nil {
			users.close()
		}
	}()
	if err := users.wait(ctx, syscall.LOCK_SH); err != nil {
		return nil, doing(err, "join the users of the engine")
	}
	if joined, err := e.join(ctx); joined || err != nil {
		return e, err
	}
	const tries = 3
	for try := 1; ; try++ {
		err := e.start(ctx, cfg)
		if err == nil {
			return e, nil
		}
		// Between choosing a free port and listening on it another program may have taken it.
		if try == tries || cfg.Port != 0 || !errors.Is(err, ErrPortInUse) {
			return nil, err
		}
	}
}

// unwritable says why dir cannot be written: no room, or no right to.
func unwritable(err error, dir string) error {
	if full := DiskFull(err, dir); errors.Is(full, ErrDiskFull) {
		return full
	}
	return ErrDataDir.with(err, "dir", dir)
}

// join reports whether an engine runs and answers. It waits for one that is starting, and for the end of one
// that is stopping.
func (e *engine) join(ctx context.Context) (bool, error) {
	alive, err := e.alive()
	if err != nil || !alive {
		return false, err
	}
	if e.state, err = readState(e.dir); err != nil {
		return false, doing(err, "read how to reach the running engine")
	}
	err = e.ready(ctx, func() bool {
		alive, err := e.alive()
		return err == nil && !alive
	})
	if errors.Is(err, errExited) {
		return false, nil
	}
	return err == nil, doing(err, "join the engine")
}

// alive reports whether the engine's process lives.
func (e *engine) alive() (bool, error) {
	lock, err := openLock(filepath.Join(e.dir, aliveLock))
	if err != nil {
		return false, unwritable(err, e.dataDir)
	}
	defer lock.close()
	free, err := lock.try(syscall.LOCK_EX)
	return !free, err
}

// start runs the engine's process and waits until it answers.
func (e *engine) start(ctx context.Context, cfg Config) error {
	library, err := findLibrary(cfg.Library)
	if err != nil {
		return err
	}
	executable := cfg.Executable
	if executable == "" {
		if executable, err = os.Executable(); err != nil {
			return doing(err, "find the program that runs the engine")
		}
	}
	if e.state, err = newState(library, cfg); err != nil {
		return err
	}
	if err := writeState(e.dir, e.state); err != nil {
		return unwritable(err, cfg.DataDir)
	}
	logPath := filepath.Join(e.dir, logFile)
	if err := os.Rename(logPath, logPath+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable(err, cfg.DataDir)
	}
	output, err := os.OpenFile(logPath, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return unwritable(err, cfg.DataDir)
	}
	defer output.Close()

	// Not bound to ctx: the engine outlives the command that started it when others use it.
	child := exec.Command(executable, "engine", "--dir", e.dir)
	child.Env = append(engineEnvironment(), childMark+"=1", "TZ=Asia/Shanghai")
	child.Dir = e.dir
	child.Stdout, child.Stderr = output, output
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	began := time.Now()
	if err := child.Start(); err != nil {
		return doing(err, "start the engine")
	}
	exited := make(chan struct{})
	go func() {
		_ = child.Wait() // how it ended is read off its log
		close(exited)
	}()
	err = e.ready(ctx, func() bool {
		select {
		case <-exited:
			return true
		default:
			return false
		}
	})
	if err != nil {
		_ = child.Process.Kill()
		<-exited
		return e.explain(err)
	}
	e.log.Debug("engine started", "pid", child.Process.Pid, "address", e.state.address(), "seconds", time.Since(began).Seconds())
	return nil
}

var errExited = errors.New("the process ended")

// engineEnvironment is this process's environment without the settings of ohwatch: the engine's process reads
// all that it needs from engine.json.
func engineEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "OHWATCH_") })
}

// ready waits until the engine answers a query, or until gone says that its process has ended: errExited.
func (e *engine) ready(ctx context.Context, gone func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := pingOnce(ctx, e.state)
		if err == nil {
			return nil
		}
		if gone() {
			return errExited
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the engine (%w): %w", err, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// pingOnce asks the engine once for a sign of life as its application user.
func pingOnce(ctx context.Context, state engineState) error {
	dialer := net.Dialer{Timeout: time.Second}
	probe, err := dialer.DialContext(ctx, "tcp", state.address())
	if err != nil {
		return err
	}
	probe.Close()
	conn, err := openConn(state.options(""))
	if err != nil {
		return err
	}
	defer conn.Close()
	return conn.Ping(ctx)
}

// explain turns the failed start into the error that says what to do, from what the engine wrote.
func (e *engine) explain(err error) error {
	path := filepath.Join(e.dir, logFile)
	text, _ := os.ReadFile(path)
	said := string(text)
	switch {
	case strings.Contains(said, "Another server instance in same directory is already running"),
		strings.Contains(said, errEngineRuns.Error()):
		return ErrDataDirBusy.with(nil, "dir", e.dataDir)
	case strings.Contains(said, "No space left on device"):
		return ErrDiskFull.with(err, "dir", e.dataDir)
	case strings.Contains(said, "Address already in use"):
		return ErrPortInUse.with(nil, "port", strconv.Itoa(e.state.TCPPort))
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && said == "":
		return err
	}
	return ErrEngineFailed.with(err, "log", path, "detail", lastLine(said))
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	last := strings.TrimSpace(lines[len(lines)-1])
	if last == "" {
		return "it said nothing"
	}
	const most = 300
	if len(last) > most {
		last = strings.ToValidUTF8(last[:most], "") + "…"
	}
	return last
}

// hold adds one user of this process.
func (e *engine) hold() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refs++
}

// release gives one hold back. With the last hold of the last process the engine is stopped, and release
// returns when its process has ended.
func (e *engine) release(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.refs--
	if e.refs > 0 {
		return nil
	}
	defer e.users.close()
	start, err := openLock(filepath.Join(e.dir, startLock))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // the data directory is gone, and the engine notices by itself
	}
	if err != nil {
		return doing(err, "leave the engine")
	}
	defer start.close()
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := start.wait(ctx, syscall.LOCK_EX); err != nil {
		return doing(err, "leave the engine")
	}
	last, err := e.users.try(syscall.LOCK_EX)
	if err != nil || !last {
		return err
	}
	return doing(e.stop(ctx), "stop the engine")
}

// stop asks the engine to end and waits for it. The caller holds the start lock and is the only user.
func (e *engine) stop(ctx context.Context) error {
	alive, err := e.alive()
	if err != nil || !alive {
		return err
	}
	state, err := readState(e.dir) // not e.state: the engine may have been started again by another user
	if err != nil {
		return err
	}
	conn, err := openConn(state.options(""))
	if err != nil {
		return err
	}
	shutdown, err := queryText("warehouse_shutdown")
	if err != nil {
		return err
	}
	asked := conn.Exec(ctx, shutdown) // the answer may be cut off by the end of the engine
	conn.Close()                      // the engine would wait for its end
	lock, err := openLock(filepath.Join(e.dir, aliveLock))
	if err != nil {
		return err
	}
	defer lock.close()
	if err := lock.wait(ctx, syscall.LOCK_EX); err != nil {
		return errors.Join(err, asked)
	}
	return nil
}

// findLibrary returns the path of libchdb.so: the given one, the one of the environment, the Debian package's,
// or the one in a node_modules folder at or above the current folder or the program's.
func findLibrary(given string) (string, error) {
	if given == "" {
		given = os.Getenv(libraryVariable)
	}
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", ErrNoLibrary.with(err)
		}
		return filepath.Abs(given)
	}
	candidates := []string{libraryPackage}
	if cwd, err := os.Getwd(); err == nil {
		candidates = append(candidates, upwards(cwd)...)
	}
	if program, err := os.Executable(); err == nil {
		candidates = append(candidates, upwards(filepath.Dir(program))...)
	}
	for _, path := range candidates {
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			return path, nil
		}
	}
	return "", ErrNoLibrary.with(nil)
}

func upwards(dir string) []string {
	var paths []string
	for {
		paths = append(paths, filepath.Join(dir, libraryModule))
		parent := filepath.Dir(dir)
		if parent == dir {
			return paths
		}
		dir = parent
	}
}

// newState chooses ports, password and memory for a new engine.
func newState(library string, cfg Config) (engineState, error) {
	state := engineState{
		Library: library, TCPPort: cfg.Port, User: "ohwatch", Reader: "reader",
		Memory: cfg.MemoryLimit, Started: cfg.Now().UTC().Format(time.RFC3339),
	}
	if state.Memory == 0 {
		state.Memory = machineMemory() / 2
	}
	secret := make([]byte, 24)
	if _, err := rand.Read(secret); err != nil {
		return state, doing(err, "make the password of the engine")
	}
	state.Password = hex.EncodeToString(secret)
	tcp, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(cfg.Port)))
	if err != nil {
		return state, ErrPortInUse.with(err, "port", strconv.Itoa(cfg.Port))
	}
	defer tcp.Close()
	http, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return state, doing(err, "find a free port")
	}
	defer http.Close()
	state.TCPPort = tcp.Addr().(*net.TCPAddr).Port
	state.HTTPPort = http.Addr().(*net.TCPAddr).Port
	return state, nil
}

func readState(dir string) (engineState, error) {
	var state engineState
	text, err := os.ReadFile(filepath.Join(dir, stateFile))
	if err != nil {
		return state, err
	}
	return state, json.Unmarshal(text, &state)
}

func writeState(dir string, state engineState) error {
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	return writeSecret(filepath.Join(dir, stateFile), append(text, '\n'))
}

// writeSecret replaces the file at once; only its owner may read it.
func writeSecret(path string, text []byte) error {
	aside := path + ".new"
	if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(aside, text, 0o600); err != nil {
		return err
	}
	return os.Rename(aside, path)
}

// machineMemory returns the bytes of memory that this process may use at most: the machine's, or less when a
// control group says so.
func machineMemory() uint64 {
	memory := uint64(4 << 30) // where the kernel does not tell
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); len(fields) >= 2 && fields[0] == "MemTotal:" {
				if kib, err := strconv.ParseUint(fields[1], 10, 64); err == nil {
					memory = kib << 10
				}
			}
		}
	}
	if text, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil {
		if limit, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err == nil && limit < memory {
			memory = limit
		}
	}
	return memory
}

// running reports whether the engine that e has joined still lives.
func (e *engine) running() bool {
	alive, err := e.alive()
	if err != nil || !alive {
		return false
	}
	state, err := readState(e.dir)
	return err == nil && state == e.state
}

func (e *engine) logPath() string { return filepath.Join(e.dir, logFile) }
