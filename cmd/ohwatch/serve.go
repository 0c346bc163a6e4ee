package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
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

// serve runs the scheduler and the web server until ctx ends or one of them fails.
func (a *app) serve(ctx context.Context) error {
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
		scheduled.Run = endWithEngine(scheduled.Run, stop)
		scheduler.Jobs = append(scheduler.Jobs, scheduled)
	}
	server := &web.Server{
		Bulletins:    a.cfg.ReportsFolder(),
		Organisation: a.organisation(),
		Jobs:         jobStatus{store: &runStore{db: a.db}, jobs: a.cfg.Jobs, now: time.Now},
		Health:       func(ctx context.Context) error { return a.db.Conn().Ping(ctx) },
		Printer:      a.printer,
		Now:          time.Now,
		Log:          log,
	}
	a.note("serve.started", map[string]any{"address": listener.Addr(), "drop": a.cfg.DropFolder()})

	var parts sync.WaitGroup
	for _, part := range []func(context.Context) error{
		scheduler.Run,
		func(ctx context.Context) error { return server.Serve(ctx, listener) },
	} {
		parts.Go(func() {
			if err := part(ctx); err != nil {
				stop(err)
			}
		})
	}
	parts.Wait()
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	a.note("serve.stopped", nil)
	return nil
}

// endWithEngine stops the program when a job finds the engine gone: whoever supervises it starts both again,
// and the job's slot is made up.
func endWithEngine(run schedule.Func, stop context.CancelCauseFunc) schedule.Func {
	return func(ctx context.Context, due time.Time) (schedule.Outcome, error) {
		outcome, err := run(ctx, due)
		if errors.Is(err, warehouse.ErrEngineStopped) {
			stop(err)
		}
		return outcome, err
	}
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
		"transform": a.transformJob,
	}
}

// transformJob brings models and indicators up to date.
func (a *app) transformJob(ctx context.Context, _ time.Time) (schedule.Outcome, error) {
	result, err := transform.Run(ctx, a.db, transform.Options{Today: a.today(), City: a.cfg.City.Code, By: "job"})
	var outcome schedule.Outcome
	built := 0
	for _, step := range result.Steps {
		if step.Built {
			built++
			outcome.Rows += step.Rows
		}
	}
	outcome.Detail = fmt.Sprintf("%d of %d models built", built, len(result.Steps))
	return outcome, err
}
