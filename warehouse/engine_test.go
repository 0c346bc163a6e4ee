package warehouse_test

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

func open(t *testing.T, cfg warehouse.Config) *warehouse.DB {
	t.Helper()
	cfg.MemoryLimit = 2 << 30
	db, err := warehouse.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// enginePID is the process that runs the engine of a data directory.
func enginePID(t *testing.T, dir string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "engine", "engine.lock"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running reports whether the process lives; one that ended and was not waited for does not.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func eventually(t *testing.T, patience time.Duration, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", patience, what)
		}
	}
}

// secondUser is another process that has the warehouse open.
type secondUser struct {
	cmd   *exec.Cmd
	input io.WriteCloser
}

func startUser(t *testing.T, dir string) *secondUser {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleVariable+"="+dir)
	input, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	line, err := bufio.NewReader(output).ReadString('\n')
	if line != "open\n" {
		t.Fatalf("second user said %q, %v", line, err)
	}
	return &secondUser{cmd, input}
}

func (u *secondUser) leave(t *testing.T) {
	t.Helper()
	u.input.Close()
	if err := u.cmd.Wait(); err != nil {
		t.Fatal(err)
	}
}

func TestEngine_SharedByProcesses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	user := startUser(t, dir)
	pid := enginePID(t, dir)
	db := open(t, warehouse.Config{DataDir: dir})

	runSQL(t, db, "CREATE TABLE kept ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n")
	user.leave(t)
	if enginePID(t, dir) != pid || !running(pid) {
		t.Fatal("the engine left with its first user")
	}
	if n := value[uint8](t, db, "SELECT n FROM kept"); n != 1 {
		t.Errorf("read %d", n)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if running(pid) {
		t.Error("the engine outlives the Close of its last user")
	}
	log, err := os.ReadFile(filepath.Join(dir, "engine", "engine.log"))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(log), "panic") || strings.Contains(string(log), "forcefully") {
		t.Errorf("not a clean end:\n%s", log)
	}
}

func TestEngine_ManyUsersComeAndGo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var group sync.WaitGroup
	for range 6 {
		group.Go(func() {
			for range 4 {
				db, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: dir, MemoryLimit: 1 << 30})
				if err != nil {
					t.Error(err)
					return
				}
				if err := db.ExecSQL(t.Context(), "SELECT 1"); err != nil {
					t.Error(err)
				}
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if pid := enginePID(t, dir); running(pid) {
		t.Error("an engine is left over")
	}
}

func TestEngine_KilledAndOpenedAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, warehouse.Config{DataDir: dir})
	runSQL(t, db, "CREATE TABLE kept (n UInt64) ENGINE = MergeTree ORDER BY n")
	runSQL(t, db, "INSERT INTO kept SELECT number FROM numbers(100000)")
	pid := enginePID(t, dir)
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	eventually(t, 5*time.Second, "engine gone", func() bool { return !running(pid) })
	err := db.ExecSQL(t.Context(), "SELECT 1")
	if !errors.Is(err, warehouse.ErrEngineStopped) {
		t.Errorf("error is %v, want ErrEngineStopped", err)
	}

	again := open(t, warehouse.Config{DataDir: dir}) // while the first DB is still open
	if n := value[uint64](t, again, "SELECT sum(n) FROM kept"); n != 4999950000 {
		t.Errorf("sum after the restart is %d", n)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Error("close of the DB whose engine died:", err)
	}
	if running(enginePID(t, dir)) {
		t.Error("the engine is left over")
	}
}

func TestEngine_EndsWhenItsUsersWereKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	user := startUser(t, dir)
	pid := enginePID(t, dir)
	if err := user.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = user.cmd.Wait()
	if !running(pid) {
		t.Fatal("the engine died with its user, so it was not in a session of its own")
	}
	eventually(t, 15*time.Second, "engine without users has ended", func() bool { return !running(pid) })
	db := open(t, warehouse.Config{DataDir: dir})
	if enginePID(t, dir) == pid {
		t.Error("the ended engine was taken for alive")
	}
	runSQL(t, db, "SELECT 1")
}

func TestEngine_OutlivesKilledUserAtWork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, warehouse.Config{DataDir: dir})
	pid := enginePID(t, dir)
	for range 3 {
		user := startUser(t, dir)
		time.Sleep(100 * time.Millisecond)
		if err := user.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = user.cmd.Wait()
		runSQL(t, db, "SELECT 1")
	}
	eventually(t, 20*time.Second, "queries of the killed users have ended", func() bool {
		return value[uint64](t, db, "SELECT count() FROM system.processes WHERE user = currentUser()") == 1
	})
	if enginePID(t, dir) != pid || !running(pid) {
		t.Error("the engine did not survive")
	}
}

func TestEngine_EndsCleanly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, warehouse.Config{DataDir: dir})
	runSQL(t, db, "CREATE TABLE target (n UInt64) ENGINE = MergeTree ORDER BY n")
	runSQL(t, db, "CREATE TABLE buffer AS target ENGINE = Buffer(ohwatch, target, 1, 1000, 1000, 1000000, 1000000, 100000000, 100000000)")
	runSQL(t, db, "INSERT INTO buffer VALUES (7)")
	began := time.Now()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("the end took %v", took)
	}
	again := open(t, warehouse.Config{DataDir: dir})
	if n := value[uint64](t, again, "SELECT sum(n) FROM target"); n != 7 {
		t.Errorf("a clean end writes buffers out; the sum is %d", n)
	}
	pid := enginePID(t, dir)
	if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("process group is %d, %v; an interrupt on the terminal would reach the engine", group, err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, 20*time.Second, "engine has ended on SIGTERM", func() bool { return !running(pid) })
}

func TestEngine_MemoryIsCapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: dir, MemoryLimit: 450 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.ExecSQL(t.Context(), "SELECT groupArray(number) FROM numbers(500000000) SETTINGS max_memory_usage = 0 FORMAT Null")
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) || exception.Code != 241 {
		t.Fatalf("error is %v, want MEMORY_LIMIT_EXCEEDED", err)
	}
	// What does not fit is sorted on disk.
	runSQL(t, db, "SELECT number FROM numbers(12000000) ORDER BY sipHash64(number) FORMAT Null")
	if n := residentBytes(t, enginePID(t, dir)); n > 900<<20 {
		t.Errorf("the engine holds %d MiB", n>>20)
	}
}

// residentBytes is the memory that the process holds, its files in memory not counted.
func residentBytes(t *testing.T, pid int) uint64 {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == "RssAnon:" {
			kib, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("the system does not say")
	return 0
}

func TestEngine_PrivateAndOnLoopback(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, warehouse.Config{DataDir: dir})
	info, err := db.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.TimeZone != "Asia/Shanghai" || info.Mode != "embedded" || info.MemoryLimit != 2<<30 {
		t.Errorf("info is %+v", info)
	}
	for _, address := range []string{info.Address, info.HTTPAddress} {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		listeners := listeners(t, port)
		if len(listeners) != 1 || listeners[0] != "127.0.0.1" {
			t.Errorf("port %s listens on %v", port, listeners)
		}
	}
	dsn := db.DSN()
	_, rest, _ := strings.Cut(dsn, "ohwatch:")
	password, _, _ := strings.Cut(rest, "@")
	if len(password) < 32 {
		t.Fatalf("password %q is short", password)
	}
	err = filepath.WalkDir(filepath.Join(dir, "engine"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.Contains(path, "/data/") {
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", entry.Name(), info.Mode())
		}
		if text, err := os.ReadFile(path); err != nil {
			return err
		} else if strings.Contains(string(text), password) && entry.Name() != "engine.json" {
			t.Errorf("%s holds the password", entry.Name())
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "engine")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("folder of the engine: %v, %v", info.Mode(), err)
	}
	if cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", enginePID(t, dir))); err != nil || strings.Contains(string(cmdline), password) {
		t.Errorf("password on the command line, or %v", err)
	}

	for _, user := range []string{"", "default:", "ohwatch:", "ohwatch:wrong", "reader:"} {
		name, secret, _ := strings.Cut(user, ":")
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+info.HTTPAddress, strings.NewReader("SELECT 1"))
		if err != nil {
			t.Fatal(err)
		}
		if user != "" {
			request.SetBasicAuth(name, secret)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			t.Errorf("user %q gets in", user)
		}
	}
	runSQL(t, db, "SELECT 1")
}

// listeners are the local addresses that listen on a TCP port.
func listeners(t *testing.T, port string) []string {
	t.Helper()
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(table)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 4 || fields[3] != "0A" || !strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", number)) {
				continue
			}
			address, _, _ := strings.Cut(fields[1], ":")
			raw, err := hex.DecodeString(address)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(raw); i += 4 { // words in the machine's order
				raw[i], raw[i+1], raw[i+2], raw[i+3] = raw[i+3], raw[i+2], raw[i+1], raw[i]
			}
			found = append(found, net.IP(raw).String())
		}
	}
	return found
}

func TestOpen_SaysWhatToDo(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.Addr().String()
	free.Close()

	for _, c := range []struct {
		name string
		cfg  warehouse.Config
		want error
		says []string
	}{
		{"no library", warehouse.Config{DataDir: t.TempDir(), Library: file + ".so"}, warehouse.ErrNoLibrary, []string{"npm ci", "OHWATCH_LIBCHDB"}},
		{"library is something else", warehouse.Config{DataDir: t.TempDir(), Library: file}, warehouse.ErrEngineFailed, []string{"engine.log", "too short"}},
		{"port in use", warehouse.Config{DataDir: t.TempDir(), Port: port}, warehouse.ErrPortInUse, []string{strconv.Itoa(port)}},
		{"directory below a file", warehouse.Config{DataDir: filepath.Join(file, "data")}, warehouse.ErrDataDir, []string{file, "--data"}},
		{"directory is a file", warehouse.Config{DataDir: file}, warehouse.ErrDataDir, []string{file}},
		{"no directory", warehouse.Config{}, warehouse.ErrDataDir, nil},
		{"program cannot run the engine", warehouse.Config{DataDir: t.TempDir(), Executable: "/bin/false"}, warehouse.ErrEngineFailed, []string{"engine.log"}},
		{"nobody at the address", warehouse.Config{DSN: "clickhouse://u:secret@" + nobody + "/d"}, warehouse.ErrUnreachable, []string{nobody}},
		{"address that cannot be read", warehouse.Config{DSN: "clickhouse://u:secret@host:port%%/d"}, warehouse.ErrDSN, []string{"clickhouse://"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := warehouse.Open(t.Context(), c.cfg)
			if err == nil {
				db.Close()
				t.Fatal("opened")
			}
			if !errors.Is(err, c.want) {
				t.Errorf("error is %v", err)
			}
			for _, words := range c.says {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%q does not say %q", err, words)
				}
			}
			if strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "{") {
				t.Errorf("%q shows what it should not", err)
			}
		})
	}
}

func TestOpen_UnwritableDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	if _, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: dir}); !errors.Is(err, warehouse.ErrDataDir) {
		t.Errorf("error is %v", err)
	}
}

func TestOpen_ForeignProcessOnTheData(t *testing.T) {
	t.Parallel()
	ours, theirs := t.TempDir(), t.TempDir()
	first := open(t, warehouse.Config{DataDir: ours})
	runSQL(t, first, "CREATE TABLE kept ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	// Somebody else's ClickHouse: an engine that reaches the same data by another way.
	if err := os.Mkdir(filepath.Join(theirs, "engine"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(ours, "engine", "data"), filepath.Join(theirs, "engine", "data")); err != nil {
		t.Fatal(err)
	}
	foreign := open(t, warehouse.Config{DataDir: theirs})
	db, err := warehouse.Open(t.Context(), warehouse.Config{DataDir: ours})
	if !errors.Is(err, warehouse.ErrDataDirBusy) {
		if err == nil {
			db.Close()
		}
		t.Fatalf("error is %v, want ErrDataDirBusy", err)
	}
	if !strings.Contains(err.Error(), ours) {
		t.Errorf("%q does not name the directory", err)
	}
	if n := value[uint8](t, foreign, "SELECT n FROM kept"); n != 1 {
		t.Errorf("the foreign process reads %d", n)
	}
	if err := foreign.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, warehouse.Config{DataDir: ours})
}

func TestOpen_CancelledWhileWaiting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "engine"), 0o700); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(filepath.Join(dir, "engine", "start.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := warehouse.Open(ctx, warehouse.Config{DataDir: dir}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}
