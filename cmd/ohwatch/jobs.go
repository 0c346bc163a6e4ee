package main

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/config"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
)

// newJobsCommand is `ohwatch jobs`: the scheduled jobs.
func newJobsCommand(a *app) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error { return a.listJobs(cmd.Context()) }
	command := &cobra.Command{
		Use:   "jobs",
		Short: a.text("jobs.short", nil),
		Args:  cobra.NoArgs,
		RunE:  list,
	}
	var most int
	history := &cobra.Command{
		Use:   "history [NAME]",
		Short: a.text("jobs.short_history", nil),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.printHistory(cmd.Context(), name, most)
		},
	}
	history.Flags().IntVar(&most, "limit", 20, a.text("jobs.flag_limit", nil))
	command.AddCommand(
		&cobra.Command{Use: "list", Short: a.text("jobs.short_list", nil), Args: cobra.NoArgs, RunE: list},
		&cobra.Command{
			Use: "run NAME", Short: a.text("jobs.short_run", nil), Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.runJob(cmd.Context(), args[0]) },
		},
		history,
	)
	return command
}

// jobLine is a job as --json prints it.
type jobLine struct {
	Job         string     `json:"job"`
	Cron        string     `json:"cron"`
	Enabled     bool       `json:"enabled"`
	CatchUp     string     `json:"catch_up"`
	Next        *time.Time `json:"next"`
	State       string     `json:"state"`
	Last        *time.Time `json:"last"`
	LastSuccess *time.Time `json:"last_success"`
	Failures    int        `json:"failures"`
	Detail      string     `json:"detail"`
	Error       string     `json:"error"`
}

func (a *app) listJobs(ctx context.Context) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	all, err := jobStatus{store: &runStore{db: a.db}, jobs: a.cfg.JobList(), now: time.Now}.Status(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, s := range all {
		if a.json {
			line := jobLine{
				Job: s.Job, Cron: s.Cron, Enabled: s.Enabled, CatchUp: string(s.CatchUp), Next: instantOrNil(s.Next),
				State: string(s.Latest.State), Last: instantOrNil(s.Latest.Last), LastSuccess: instantOrNil(s.LastSuccess),
				Failures: s.Failures, Detail: s.Latest.Detail, Error: s.Latest.Error,
			}
			if err := a.printJSON(line); err != nil {
				return err
			}
			continue
		}
		state := a.text("serve.never", nil)
		switch {
		case !s.Enabled:
			state = a.text("serve.disabled", nil)
		case s.Latest.State != "":
			state = a.text("serve.state_"+string(s.Latest.State), nil)
		}
		rows = append(rows, []string{
			s.Job, a.jobTitle(s.Job), s.Cron, state, clock(s.Latest.Last), clock(s.LastSuccess), clock(s.Next),
			strconv.Itoa(s.Failures), s.Latest.Note(a.text),
		})
	}
	if a.json {
		return nil
	}
	return printTable(a.out, a.head("job", "title", "cron", "state", "last", "success", "next", "failures", "note"), rows)
}

// jobTitle says what a job does.
func (a *app) jobTitle(job string) string {
	if source, ok := strings.CutPrefix(job, config.FetchPrefix); ok {
		return a.text("serve.job_fetch", map[string]any{"source": source})
	}
	return a.text("serve.job_"+job, nil)
}

// head returns the column heads of the tables of this command.
func (a *app) head(columns ...string) []string {
	heads := make([]string, len(columns))
	for i, column := range columns {
		heads[i] = a.text("jobs.col_"+column, nil)
	}
	return heads
}

// clock writes an instant as the wall clock in Asia/Shanghai shows it.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.In(period.Shanghai()).Format("2006-01-02 15:04")
}

func instantOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// runLine is a run as --json prints it.
type runLine struct {
	Run      uint64     `json:"run"`
	Job      string     `json:"job"`
	Slot     *time.Time `json:"slot"`
	Started  *time.Time `json:"started"`
	Last     *time.Time `json:"last"`
	State    string     `json:"state"`
	Attempts int        `json:"attempts"`
	Rows     uint64     `json:"rows"`
	Seconds  float64    `json:"seconds"`
	Detail   string     `json:"detail"`
	Error    string     `json:"error"`
	By       string     `json:"by"`
}

func (a *app) printHistory(ctx context.Context, name string, most int) error {
	if most < 1 {
		return wrongUsage("usage.least", map[string]any{"flag": "--limit", "value": most, "least": 1})
	}
	if name != "" {
		if err := a.knownJob(name); err != nil {
			return err
		}
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	history, err := (&runStore{db: a.db}).History(ctx, name, most)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, r := range history {
		if a.json {
			if err := a.printJSON(runLine{
				Run: r.Run, Job: r.Job, Slot: instantOrNil(r.Slot), Started: instantOrNil(r.Started), Last: instantOrNil(r.Last),
				State: string(r.State), Attempts: r.Attempts, Rows: r.Rows, Seconds: r.Seconds, Detail: r.Detail, Error: r.Error, By: r.By,
			}); err != nil {
				return err
			}
			continue
		}
		due := clock(r.Slot)
		if r.Slot.IsZero() {
			due = a.text("serve.by_hand", nil)
		}
		rows = append(rows, []string{
			strconv.FormatUint(r.Run, 10), r.Job, due, clock(r.Started), a.text("serve.state_"+string(r.State), nil),
			strconv.Itoa(r.Attempts), strconv.FormatFloat(r.Seconds, 'f', 1, 64), r.By, r.Note(a.text),
		})
	}
	switch {
	case a.json:
		return nil
	case len(rows) == 0:
		a.say("serve.no_history", nil)
		return nil
	}
	return printTable(a.out, a.head("run", "job", "due", "started", "state", "attempts", "seconds", "by", "note"), rows)
}

// knownJob returns a usage error unless there is a job of that name.
func (a *app) knownJob(name string) error {
	var names []string
	for _, job := range a.cfg.JobList() {
		if job.Name == name {
			return nil
		}
		names = append(names, job.Name)
	}
	return usageError(&saidError{"jobs.unknown", map[string]any{"job": name, "jobs": strings.Join(names, ", ")}})
}

// runJob runs one job by hand and prints what it did.
func (a *app) runJob(ctx context.Context, name string) error {
	if err := a.knownJob(name); err != nil {
		return err
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	s := a.scheduler(a.log, userName())
	job, err := a.scheduledJob(name)
	if err != nil {
		return err
	}
	e, err := s.RunNow(ctx, job)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(runLine{
			Run: e.Run, Job: e.Job, Last: instantOrNil(e.At), State: string(e.State), Attempts: e.Attempt, Rows: e.Rows,
			Seconds: e.Seconds, Detail: e.Detail, By: e.By,
		})
	}
	a.say("jobs.ran", map[string]any{
		"job": e.Job, "run": e.Run, "seconds": strconv.FormatFloat(e.Seconds, 'f', 1, 64), "detail": e.Detail,
	})
	return nil
}

// scheduler returns a scheduler without jobs on the warehouse of a.
func (a *app) scheduler(log *slog.Logger, by string) *schedule.Scheduler {
	return &schedule.Scheduler{
		Store: &runStore{db: a.db},
		Locks: schedule.Locks{Dir: filepath.Join(a.cfg.Data.Dir, "locks"), Now: time.Now},
		Now:   time.Now,
		Log:   log,
		By:    by,
	}
}

// scheduledJob returns the configured job of that name with what it does.
func (a *app) scheduledJob(name string) (schedule.Job, error) {
	for _, job := range a.cfg.JobList() {
		if job.Name != name {
			continue
		}
		when, err := schedule.Parse(job.Cron)
		if err != nil {
			return schedule.Job{}, fmt.Errorf("job %s: %w", name, err)
		}
		run, ok := a.jobFuncs()[name]
		if !ok {
			return schedule.Job{}, fmt.Errorf("job %s does nothing", name)
		}
		return schedule.Job{Name: name, When: when, CatchUp: schedule.Policy(job.CatchUp), Retries: job.Retries, Run: run}, nil
	}
	return schedule.Job{}, fmt.Errorf("no job %s", name)
}
