package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/ingest/receive"
	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
	"ohwatch/reports/delivery"
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
	if err := a.noteBrokenRules(ctx); err != nil {
		return err
	}
	log := a.log
	if !a.flags.verbose {
		log = slog.New(slog.NewTextHandler(a.errOut, nil))
	}

	receiver := a.receiver(log, "upload")
	api := &receive.API{
		Receiver: receiver, MaxBytes: int64(a.cfg.Upload.MaxSize), PerMinute: a.cfg.Upload.PerMinute, Wait: uploadWait,
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	scheduler := a.scheduler(log, "serve")
	for _, job := range a.cfg.JobList() {
		if !job.Enabled {
			continue
		}
		scheduled, err := a.scheduledJob(job.Name)
		if err != nil {
			return err
		}
		scheduler.Jobs = append(scheduler.Jobs, scheduled)
	}
	links, err := a.linkKey()
	if err != nil {
		return err
	}
	server := &web.Server{
		Bulletins:    a.cfg.ReportsFolder(),
		Organisation: a.organisation(),
		Jobs:         jobStatus{store: &runStore{db: a.db}, jobs: a.cfg.JobList(), now: time.Now},
		Gaps:         gapPages{a},
		Backtests:    backtestPages{a},
		Warnings:     warningPages{a},
		Desk:         deskPages{a},
		Events:       eventPages{a},
		Links:        warningPages{a},
		LinkKey:      links,
		Outbox:       outboxPage{a},
		Health:       a.ping,
		Printer:      a.printer,
		Now:          time.Now,
		Log:          log,
		API:          api.Handler(),
	}
	parts := []func(context.Context) error{
		scheduler.Run,
		a.watchEngine,
		receiver.Run,
		func(ctx context.Context) error { return server.Serve(ctx, listener) },
		a.newDeliveryWatch(log).run,
	}
	if a.cfg.Upload.Listen != "" {
		open, err := web.ListenAPI(ctx, a.cfg.Upload.Listen, a.cfg.InData(a.cfg.Upload.TLSCert), a.cfg.InData(a.cfg.Upload.TLSKey))
		if err != nil {
			return err
		}
		defer open.Close()
		a.note("serve.api", map[string]any{"address": open.Addr()})
		parts = append(parts, func(ctx context.Context) error { return server.ServeAPI(ctx, open) })
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

// uploadWait is how long an upload is waited for until it is answered as waiting.
const uploadWait = 10 * time.Second

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
	funcs := map[string]schedule.Func{
		"ingest":    a.ingestJob,
		"transform": a.transformJob,
		"warn":      a.warnJob,
		"report":    a.reportJob,
	}
	for name, source := range a.cfg.Fetch {
		funcs[config.FetchPrefix+name] = func(ctx context.Context, _ time.Time) (schedule.Outcome, error) {
			return a.fetchJob(ctx, name, source)
		}
	}
	return funcs
}

// lastWeek returns the ISO week that had ended when a weekly job was due.
func lastWeek(due time.Time) period.Period {
	day := period.Today(func() time.Time { return due }, period.Shanghai())
	return period.Of(day.AddDate(0, 0, -7), period.Week)
}

// warnJob evaluates the rules for the week that has ended and emits its warnings. Rules that do not work make the run a failure, but
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
	if err == nil {
		var document []byte
		if document, err = a.emit(ctx, e, "", "job"); err == nil {
			var sent delivery.Flushed
			if sent, err = a.deliverWeek(ctx, document, "job"); err == nil && len(a.cfg.Delivery.To) > 0 {
				outcome.Detail += " " + a.text("outbox.job", flushedArgs(0, sent))
			}
		}
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

// receiver returns the taker of senders' files.
func (a *app) receiver(log *slog.Logger, by string) *receive.Receiver {
	return &receive.Receiver{
		DB: a.db, Dir: a.cfg.Data.Dir, Today: a.today, Now: time.Now, Catalogue: a.catalogue, Words: a.rejectWords, Log: log, By: by,
	}
}

// ingestJob loads what lies in the drop folder, and what else was received and waits.
func (a *app) ingestJob(ctx context.Context, _ time.Time) (schedule.Outcome, error) {
	r := a.receiver(a.log, "job")
	tally, err := r.TakeDropped(ctx, receive.Folders{
		Drop: a.cfg.DropFolder(), Done: a.cfg.DoneFolder(), Failed: a.cfg.FailedFolder(),
		Stable: time.Duration(a.cfg.Ingest.StableSeconds) * time.Second,
	})
	waited := 0
	if !errors.Is(err, ingest.ErrBusy) {
		n, workErr := r.Work(ctx)
		waited, err = n, errors.Join(err, workErr)
	}
	outcome := a.tallied(tally)
	if waited > 0 {
		outcome.Detail += a.text("jobs.did_waiting", map[string]any{"n": waited})
	}
	return outcome, err
}

// fetchJob fetches what lies on an SFTP server and loads it.
func (a *app) fetchJob(ctx context.Context, name string, f config.Fetch) (schedule.Outcome, error) {
	tally, err := a.receiver(a.log, "job").Fetch(ctx, a.fetchSource(name, f))
	var permanent *receive.Fault
	if errors.As(err, &permanent) {
		err = backoff.Permanent(err) // nothing changes by itself
	}
	return a.tallied(tally), err
}

// fetchSource returns an SFTP source as the configuration describes it.
func (a *app) fetchSource(name string, f config.Fetch) receive.Source {
	source := receive.Source{
		Name: name, Address: f.Address, User: f.User, HostKey: f.HostKey, Folder: f.Folder, Done: f.Done, Sender: f.Sender, Stream: f.Stream,
		Stable: time.Duration(f.StableSeconds) * time.Second,
	}
	if f.KeyFile != "" {
		source.KeyFile = a.cfg.InData(f.KeyFile)
	}
	if f.PasswordFile != "" {
		source.PasswordFile = a.cfg.InData(f.PasswordFile)
	}
	if f.PasswordEnv != "" {
		source.Password = os.Getenv(f.PasswordEnv)
	}
	return source
}

// tallied says what a run over a source has done.
func (a *app) tallied(t receive.Tally) schedule.Outcome {
	outcome := schedule.Outcome{
		Rows: uint64(t.Loaded + t.Corrected),
		Detail: a.text("jobs.did_ingest", map[string]any{
			"files": t.Files, "refused": t.Refused, "read": t.Read, "loaded": t.Loaded, "corrected": t.Corrected, "rejected": t.Rejected,
		}),
	}
	if t.Stuck > 0 {
		outcome.Detail += a.text("jobs.did_stuck", map[string]any{"n": t.Stuck})
	}
	return outcome
}

// transformJob brings models and indicators up to date.
func (a *app) transformJob(ctx context.Context, _ time.Time) (schedule.Outcome, error) {
	result, err := a.bringUpToDate(ctx, a.transformOptions("job"))
	var outcome schedule.Outcome
	built := 0
	for _, step := range result.Steps {
		if step.Built {
			built++
			outcome.Rows += step.Rows
		}
	}
	outcome.Detail = a.text("jobs.did_transform", map[string]any{"built": built, "n": len(result.Steps)})
	escalated, escalateErr := transform.Escalate(ctx, a.db, a.transformOptions("job"))
	if escalated > 0 {
		outcome.Detail += " " + a.text("warn.did_escalate", map[string]any{"n": escalated})
	}
	if errors.Is(err, transform.ErrCheckFailed) {
		err = backoff.Permanent(err) // the same rows fail again
	}
	err = errors.Join(err, escalateErr)
	return outcome, err
}
