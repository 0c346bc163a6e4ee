package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/config"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
	"ohwatch/reports/web"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// newDoctorCommand is `ohwatch doctor`: what is wrong with this installation and what to type about it.
func newDoctorCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: a.text("doctor.short", nil),
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.doctor(cmd.Context()) },
	}
}

// finding is the result of one examination.
type finding struct {
	Check   string `json:"check"`
	State   string `json:"state"` // ok, warn or fail
	Message string `json:"message"`
	Type    string `json:"type"` // line to type, empty when there is nothing to do
}

const (
	stateOK   = "ok"
	stateWarn = "warn"
	stateFail = "fail"
)

// leastDisk is the free space in bytes below which doctor complains; lowDisk the one below which it warns.
const (
	leastDisk = 1 << 30
	lowDisk   = 10 << 30
)

// clockDrift is how far the clocks of program and engine may differ.
const clockDrift = 5 * time.Second

func (a *app) doctor(ctx context.Context) error {
	findings := []finding{a.checkConfig(), a.checkDataDir(), a.checkSecrets(), a.checkDisk()}
	findings = append(findings, a.checkEngine(ctx)...)
	findings = append(findings, a.checkSources(ctx)...)
	findings = append(findings, a.checkChannels(ctx)...)
	findings = append(findings, a.checkListen(ctx), a.checkClock())
	var rows [][]string
	failed := 0
	for _, f := range findings {
		if f.State == stateFail {
			failed++
		}
		if a.json {
			if err := a.printJSON(f); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{a.text("doctor.state_"+f.State, nil), a.text("doctor.check_"+f.Check, nil), f.Message})
		if f.Type != "" {
			rows = append(rows, []string{"", "", "→ " + f.Type})
		}
	}
	if !a.json {
		if err := printTable(a.out, []string{a.text("doctor.col_state", nil), a.text("doctor.col_check", nil), a.text("doctor.col_message", nil)}, rows); err != nil {
			return err
		}
	}
	if failed > 0 {
		return &exitError{code: exitFailed}
	}
	return nil
}

func (a *app) found(check, state, key string, args map[string]any, line string) finding {
	return finding{Check: check, State: state, Message: a.text("doctor."+key, args), Type: line}
}

func (a *app) checkConfig() finding {
	if a.cfg.File == "" {
		return a.found("config", stateOK, "config_default", nil, "")
	}
	if err := a.cfg.Validate(); err != nil {
		return finding{Check: "config", State: stateFail, Message: a.sentence(err), Type: "$EDITOR " + a.cfg.File}
	}
	return a.found("config", stateOK, "config_read", map[string]any{"file": a.cfg.File}, "")
}

// checkDataDir tries to write where everything is kept.
func (a *app) checkDataDir() finding {
	dir := a.cfg.Data.Dir
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return a.found("data", stateWarn, "data_missing", map[string]any{"dir": dir}, "ohwatch init")
	}
	if err == nil && !info.IsDir() {
		err = syscall.ENOTDIR
	}
	var probe *os.File
	if err == nil {
		probe, err = os.CreateTemp(dir, ".doctor-")
	}
	if err == nil {
		err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	}
	if err != nil {
		return a.found("data", stateFail, "data_unwritable", map[string]any{"dir": dir, "error": err}, "chown -R $(id -u) "+shellQuote(dir))
	}
	return a.found("data", stateOK, "data_writable", map[string]any{"dir": dir}, "")
}

// checkSecrets looks for secrets that others on the machine can read.
func (a *app) checkSecrets() finding {
	var open []string
	for _, dir := range []string{a.cfg.KeysFolder(), filepath.Join(a.cfg.Data.Dir, "engine")} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // not made yet, or checkDataDir says so
		}
		if info, err := os.Stat(dir); err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, dir)
		}
		for _, entry := range entries {
			info, err := entry.Info()
			if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && dir == a.cfg.KeysFolder() {
				open = append(open, filepath.Join(dir, entry.Name()))
			}
		}
	}
	if info, err := os.Stat(a.cfg.File); err == nil && a.cfg.Delivery.HasSecret() && info.Mode().Perm()&0o077 != 0 {
		return a.found("secrets", stateFail, "config_open", map[string]any{"file": a.cfg.File}, "chmod 600 "+shellQuote(a.cfg.File))
	}
	if len(open) > 0 {
		return a.found("secrets", stateFail, "secrets_open", map[string]any{"files": strings.Join(open, ", ")},
			"chmod -R go= "+shellQuote(a.cfg.KeysFolder())+" "+shellQuote(filepath.Join(a.cfg.Data.Dir, "engine")))
	}
	return a.found("secrets", stateOK, "secrets_closed", nil, "")
}

func (a *app) checkDisk() finding {
	dir := a.cfg.Data.Dir
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(dir, &stat); err != nil {
		return a.found("disk", stateWarn, "disk_unknown", map[string]any{"dir": dir, "error": err}, "")
	}
	free := stat.Bavail * uint64(stat.Bsize)
	args := map[string]any{"free": fmt.Sprintf("%.1f GiB", float64(free)/(1<<30)), "dir": dir}
	switch {
	case free < leastDisk:
		return a.found("disk", stateFail, "disk_full", args, "du -sh "+shellQuote(a.cfg.Data.Dir)+"/*")
	case free < lowDisk:
		return a.found("disk", stateWarn, "disk_low", args, "du -sh "+shellQuote(a.cfg.Data.Dir)+"/*")
	}
	return a.found("disk", stateOK, "disk_free", args, "")
}

// checkEngine starts or reaches the engine and looks at the schema and the jobs in it.
func (a *app) checkEngine(ctx context.Context) []finding {
	began := time.Now()
	db, err := warehouse.Open(ctx, a.warehouseConfig())
	if err != nil {
		line := "ohwatch doctor --verbose"
		switch {
		case errors.Is(err, warehouse.ErrNoLibrary):
			line = "npm ci"
		case errors.Is(err, warehouse.ErrEngineFailed):
			line = "tail " + shellQuote(filepath.Join(a.cfg.Data.Dir, "engine", "engine.log"))
		case errors.Is(err, warehouse.ErrUnreachable), errors.Is(err, warehouse.ErrAccess), errors.Is(err, warehouse.ErrDSN):
			line = "$EDITOR " + config.FileName
		case errors.Is(err, warehouse.ErrPortInUse):
			line = "OHWATCH_ENGINE_PORT=0 ohwatch doctor"
		}
		return []finding{{Check: "engine", State: stateFail, Message: a.sentence(err), Type: line}}
	}
	defer db.Close()
	info, err := db.Info(ctx)
	if err != nil {
		return []finding{{Check: "engine", State: stateFail, Message: a.sentence(err)}}
	}
	findings := []finding{a.found("engine", stateOK, "engine_answers", map[string]any{
		"version": info.Version, "mode": info.Mode, "address": info.Address, "seconds": fmt.Sprintf("%.1f", time.Since(began).Seconds()),
	}, "")}
	return append(findings, a.checkSchema(ctx, db), a.checkEngineClock(ctx, db), a.checkJobs(ctx, db), a.checkResults(ctx, db), a.checkRules(ctx, db), a.checkOutbox(ctx, db), a.checkJumps(ctx, db))
}

func (a *app) checkSchema(ctx context.Context, db *warehouse.DB) finding {
	err := db.RequireSchema(ctx)
	switch {
	case err == nil:
		return a.found("schema", stateOK, "schema_current", nil, "")
	case errors.Is(err, warehouse.ErrSchemaOutdated):
		return finding{Check: "schema", State: stateWarn, Message: a.sentence(err), Type: "ohwatch migrate up"}
	}
	return finding{Check: "schema", State: stateFail, Message: a.sentence(err), Type: "ohwatch migrate status"}
}

func (a *app) checkEngineClock(ctx context.Context, db *warehouse.DB) finding {
	var engine time.Time
	before := time.Now()
	if err := db.Row(ctx, "export_clock", []any{&engine}); err != nil {
		return finding{Check: "engine_clock", State: stateFail, Message: a.sentence(err)}
	}
	drift := engine.Sub(before).Abs()
	args := map[string]any{"seconds": fmt.Sprintf("%.1f", drift.Seconds())}
	if drift > clockDrift {
		return a.found("engine_clock", stateWarn, "engine_clock_differs", args, "timedatectl set-ntp true")
	}
	return a.found("engine_clock", stateOK, "engine_clock_agrees", args, "")
}

// checkJobs looks for jobs that fail.
func (a *app) checkJobs(ctx context.Context, db *warehouse.DB) finding {
	all, err := jobStatus{store: &runStore{db: db}, jobs: a.cfg.JobList(), now: time.Now}.Status(ctx)
	if err != nil {
		return a.found("jobs", stateWarn, "jobs_unknown", nil, "ohwatch migrate up")
	}
	for _, s := range all {
		if s.Enabled && s.Latest.State == schedule.Failed {
			return a.found("jobs", stateWarn, "job_fails", map[string]any{"job": s.Job, "n": s.Failures, "error": s.Latest.Note(a.text)}, "ohwatch jobs run "+s.Job)
		}
	}
	return a.found("jobs", stateOK, "jobs_well", nil, "")
}

// checkResults looks whether checks stopped the last transform.
func (a *app) checkResults(ctx context.Context, db *warehouse.DB) finding {
	failed, err := transform.FailedChecks(ctx, db)
	if err != nil {
		return a.found("results", stateWarn, "results_unknown", nil, "ohwatch migrate up")
	}
	if len(failed) == 0 {
		return a.found("results", stateOK, "results_passed", nil, "")
	}
	names := make([]string, len(failed))
	for i, f := range failed {
		names[i] = fmt.Sprintf("%s (%d)", f.Name, f.N)
	}
	return a.found("results", stateFail, "results_stopped", map[string]any{
		"checks": strings.Join(names, ", "), "first": failed[0].Offenders,
	}, "ohwatch transform")
}

// checkRules looks for warning rules that do not work.
func (a *app) checkRules(ctx context.Context, db *warehouse.DB) finding {
	broken, err := transform.CheckRules(ctx, db, a.transformOptions("command"))
	switch {
	case err != nil:
		return finding{Check: "rules", State: stateWarn, Message: a.sentence(err), Type: "ohwatch migrate up"}
	case len(broken) > 0:
		return a.found("rules", stateWarn, "rules_broken", map[string]any{"n": len(broken), "error": broken[0].Error()}, "ohwatch warn")
	}
	return a.found("rules", stateOK, "rules_work", nil, "")
}

// checkListen tries the address of the web pages.
func (a *app) checkListen(ctx context.Context) finding {
	listener, err := web.Listen(ctx, a.cfg.Serve.Listen)
	var fault *web.ListenError
	switch {
	case err == nil:
		listener.Close()
		return a.found("listen", stateOK, "listen_free", map[string]any{"address": a.cfg.Serve.Listen}, "")
	case errors.As(err, &fault) && fault.Code == "serve.port_in_use":
		// Most likely ohwatch serve itself.
		return a.found("listen", stateWarn, "listen_taken", map[string]any{"address": a.cfg.Serve.Listen},
			"ohwatch serve --listen "+net.JoinHostPort("127.0.0.1", "8081"))
	}
	return finding{Check: "listen", State: stateFail, Message: a.sentence(err), Type: "ohwatch serve --listen 127.0.0.1:8080"}
}

// checkClock looks at the clock of this machine: examinations of a year to come would all be refused on a
// clock that is behind.
func (a *app) checkClock() finding {
	now := time.Now().In(period.Shanghai())
	args := map[string]any{"now": now.Format("2006-01-02 15:04:05")}
	if now.Year() < 2026 {
		return a.found("clock", stateFail, "clock_wrong", args, "timedatectl set-ntp true")
	}
	return a.found("clock", stateOK, "clock_right", args, "")
}

// shellQuote writes a path so that a shell takes it as one word.
func shellQuote(path string) string {
	if !strings.ContainsFunc(path, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-", r)
	}) {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
