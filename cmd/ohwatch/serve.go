package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
	"ohwatch/reports/web"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// newServeCommand is `ohwatch serve`: the scheduler and the web pages.
func newServeCommand(a *app) *cobra.Command {
	var listen string
	command := &cobra.Command{
		Use:   "serve",
		Short: a.text("serve.short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if listen != "" {
				a.cfg.Serve.Listen = listen
			}
			return a.serve(cmd.Context())
		},
	}
	command.Flags().StringVar(&listen, "listen", "", a.text("serve.flag_listen", nil))
	return command
}

// serve runs the scheduler and the web server until ctx ends or one of them fails. When the embedded engine
// is gone, killed or cut off in the middle of another command's load, it starts both again with a new engine: data
// that was committed is there, and the slots of the jobs that were cut off are made up.
func (a *app) serve(ctx context.Context) error {
	for {
		err := a.serveEngine(ctx)
		if !errors.Is(err, warehouse.ErrEngineStopped) {
			return err
		}
		a.note("serve.engine_gone", nil)
		if err := a.close(); err != nil {
			a.log.Debug("let go of the engine that stopped", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second):
		}
	}
}

// serveEngine serves as long as one engine lives.
func (a *app) serveEngine(ctx context.Context) error {
	listener, err := web.Listen(ctx, a.cfg.Serve.Listen)
	if err != nil {
		return err
	}
	defer listener.Close() // closed by the web server already, unless something fails before
	if err := a.openDB(ctx); err != nil {
		return err
	}
	log := a.log
	if !a.flags.verbose {
		log = slog.New(slog.NewTextHandler(a.errOut, nil))
	}

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	scheduler := a.scheduler(log, "serve")
	for _, job := range a.cfg.Jobs.List() {
		if !job.Enabled {
			continue
		}
		scheduled, err := a.scheduledJob(job.Name)
		if err != nil {
			return err
		}
		scheduler.Jobs = append(scheduler.Jobs, scheduled)
	}
	server := &web.Server{
		Bulletins:    a.cfg.ReportsFolder(),
		Organisation: a.organisation(),
		Jobs:         jobStatus{store: &runStore{db: a.db}, jobs: a.cfg.Jobs, now: time.Now},
		Health:       a.ping,
		Printer:      a.printer,
		Now:          time.Now,
		Log:          log,
	}
	parts := []func(context.Context) error{
		scheduler.Run,
		a.watchEngine,
		func(ctx context.Context) error { return server.Serve(ctx, listener) },
	}
	if a.cfg.Engine.DSN != "" {
		here, err := newPresence(&runStore{db: a.db})
		if err != nil {
			return err
		}
		if err := here.begin(ctx); err != nil {
			return err
		}
		parts = append(parts, here.keep)
	}
	scheduler.Ready = func() {
		a.note("serve.started", map[string]any{"address": listener.Addr(), "drop": a.cfg.DropFolder()})
	}
	var running sync.WaitGroup
	for _, part := range parts {
		running.Go(func() {
			if err := part(ctx); err != nil {
				stop(err)
			}
		})
	}
	running.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	a.note("serve.stopped", nil)
	return nil
}

// engineInterval is how often the engine is asked for a sign of life.
const engineInterval = 10 * time.Second

// watchEngine returns an error when the embedded engine is gone. A server that cannot be reached is waited for.
func (a *app) watchEngine(ctx context.Context) error {
	ticker := time.NewTicker(engineInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		if err := a.ping(ctx); errors.Is(err, warehouse.ErrEngineStopped) {
			return err
		}
	}
}

// ping asks the engine for a sign of life.
func (a *app) ping(ctx context.Context) error {
	var now time.Time
	return a.db.Row(ctx, "export_clock", []any{&now})
}

// organisation is the issuer's name in the language of the output.
func (a *app) organisation() string {
	if a.lang() == message.English {
		return a.cfg.City.OrganisationEn
	}
	return a.cfg.City.OrganisationZh
}

// jobFuncs returns what each job does, by its name.
func (a *app) jobFuncs() map[string]schedule.Func {
	return map[string]schedule.Func{
		"ingest":    a.ingestJob,
		"transform": a.transformJob,
		"warn":      a.warnJob,
		"report":    a.reportJob,
	}
}

// lastWeek returns the ISO week that had ended when a weekly job was due.
func lastWeek(due time.Time) period.Period {
	day := period.Today(func() time.Time { return due }, period.Shanghai())
	return period.Of(day.AddDate(0, 0, -7), period.Week)
}

// warnJob evaluates the rules for the week that has ended. Rules that do not work make the run a failure, but
// the warnings of the others are stored.
func (a *app) warnJob(ctx context.Context, due time.Time) (schedule.Outcome, error) {
	week := lastWeek(a.evaluated(due))
	e, err := transform.Evaluate(ctx, a.db, week, a.transformOptions("job"))
	outcome := schedule.Outcome{
		Rows: uint64(len(e.Warnings)),
		Detail: a.text("jobs.did_warn", map[string]any{
			"week": week, "n": len(e.Warnings), "opened": e.Opened, "reopened": e.Reopened, "resolved": e.Resolved, "broken": len(e.Broken),
		}),
	}
	if err == nil && !e.Complete() {
		err = backoff.Permanent(errors.Join(e.Broken...))
	}
	return outcome, err
}

// reportJob writes the bulletin of the week that has ended.
func (a *app) reportJob(ctx context.Context, due time.Time) (schedule.Outcome, error) {
	week := lastWeek(a.evaluated(due))
	result, err := a.weekly(ctx, week, "", "job")
	if err != nil {
		return schedule.Outcome{}, err
	}
	return schedule.Outcome{Detail: a.text("jobs.did_report", map[string]any{"week": week, "file": result.Path})}, nil
}

// evaluated returns the instant that counts for a job due at the given one: with --today that day.
func (a *app) evaluated(due time.Time) time.Time {
	if a.flags.today != "" {
		return a.now()
	}
	return due
}

// receipt is what is written beside a file that was taken out of the drop folder.
type receipt struct {
	ingest.Result
	Code    string `json:"code,omitempty"`    // of a refusal
	Message string `json:"message,omitempty"` // its sentence
}

// ingestJob loads what lies in the drop folder.
func (a *app) ingestJob(ctx context.Context, _ time.Time) (outcome schedule.Outcome, err error) {
	var loader *ingest.Loader
	defer func() {
		if loader != nil {
			err = errors.Join(err, loader.Close())
		}
	}()
	total, refused := ingest.Result{}, 0
	watcher := ingest.Watcher{
		Folder: a.cfg.DropFolder(), Done: a.cfg.DoneFolder(), Failed: a.cfg.FailedFolder(),
		Stable: time.Duration(a.cfg.Ingest.StableSeconds) * time.Second,
		Load: func(ctx context.Context, path string) (any, bool, error) {
			if loader == nil {
				opened, err := ingest.Open(ctx, ingest.Config{
					DB: a.db, Dir: a.cfg.Data.Dir, Today: a.today(), By: "job", Log: a.log, Now: time.Now,
				})
				if err != nil {
					return nil, false, err
				}
				loader = opened
			}
			receipts, published := []receipt{}, 0
			err := loader.Load(ctx, []string{path}, func(r ingest.Result) error {
				receipts = append(receipts, a.receipt(r))
				if r.Refusal == nil {
					published++
				}
				total.Read += r.Read
				total.Loaded += r.Loaded
				total.Corrected += r.Corrected
				total.Rejected += r.Rejected
				return nil
			})
			isRefused := published == 0 && len(receipts) > 0
			if isRefused {
				refused++
			}
			return receipts, isRefused, err
		},
	}
	taken, err := watcher.Scan(ctx)
	outcome.Rows = uint64(total.Loaded + total.Corrected)
	outcome.Detail = a.text("jobs.did_ingest", map[string]any{
		"files": len(taken), "refused": refused, "read": total.Read, "loaded": total.Loaded,
		"corrected": total.Corrected, "rejected": total.Rejected,
	})
	return outcome, err
}

// receipt puts the sentence to a refusal.
func (a *app) receipt(r ingest.Result) receipt {
	if r.Refusal == nil {
		return receipt{Result: r}
	}
	return receipt{Result: r, Code: r.Refusal.Code, Message: a.sentence(r.Refusal)}
}

// transformJob brings models and indicators up to date.
func (a *app) transformJob(ctx context.Context, _ time.Time) (schedule.Outcome, error) {
	result, err := transform.Run(ctx, a.db, a.transformOptions("job"))
	var outcome schedule.Outcome
	built := 0
	for _, step := range result.Steps {
		if step.Built {
			built++
			outcome.Rows += step.Rows
		}
	}
	outcome.Detail = a.text("jobs.did_transform", map[string]any{"built": built, "n": len(result.Steps)})
	if errors.Is(err, transform.ErrCheckFailed) {
		err = backoff.Permanent(err) // the same rows fail again
	}
	return outcome, err
}
