package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/reports/delivery"
)

// newOutboxCommand is `ohwatch outbox`: the messages to addressees.
func newOutboxCommand(a *app) *cobra.Command {
	var all bool
	list := func(cmd *cobra.Command, _ []string) error { return a.listOutbox(cmd.Context(), all) }
	command := &cobra.Command{Use: "outbox", Short: a.text("outbox.short", nil), Args: cobra.NoArgs, RunE: list}
	lister := &cobra.Command{Use: "list [--all]", Short: a.text("outbox.short_list", nil), Args: cobra.NoArgs, RunE: list}
	for _, c := range []*cobra.Command{command, lister} {
		c.Flags().BoolVar(&all, "all", false, a.text("outbox.flag_all", nil))
	}
	var reason string
	cancel := &cobra.Command{
		Use: "cancel ID… --reason TEXT", Short: a.text("outbox.short_cancel", nil), Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return wrongUsage("outbox.needs_reason", nil)
			}
			return a.eachMessage(cmd.Context(), args, func(ctx context.Context, o *delivery.Outbox, id string) (delivery.Entry, error) {
				return o.Cancel(ctx, id, oneLine(reason), userName())
			})
		},
	}
	cancel.Flags().StringVar(&reason, "reason", "", a.text("outbox.flag_reason", nil))
	var everything bool
	retry := &cobra.Command{
		Use: "retry ID…|--all", Short: a.text("outbox.short_retry", nil),
		Args: func(cmd *cobra.Command, args []string) error {
			if everything {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.MinimumNArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, ids []string) error {
			ctx := cmd.Context()
			if err := a.openDB(ctx); err != nil {
				return err
			}
			if everything {
				held, err := a.outbox().List(ctx, shownStates(false)...)
				if err != nil {
					return err
				}
				for _, e := range held {
					ids = append(ids, e.ID)
				}
			}
			return a.eachMessage(ctx, ids, func(ctx context.Context, o *delivery.Outbox, id string) (delivery.Entry, error) {
				return o.Retry(ctx, id, userName())
			})
		},
	}
	retry.Flags().BoolVar(&everything, "all", false, a.text("outbox.flag_retry_all", nil))
	command.AddCommand(
		lister,
		&cobra.Command{
			Use: "show ID", Short: a.text("outbox.short_show", nil), Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.showMessage(cmd.Context(), args[0]) },
		},
		retry,
		cancel,
		&cobra.Command{
			Use: "flush", Short: a.text("outbox.short_flush", nil), Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.flushOutbox(cmd.Context()) },
		},
	)
	return command
}

// listOutbox prints the messages that wait or failed, or all; those that need a person make it exit code 3.
func (a *app) listOutbox(ctx context.Context, all bool) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	entries, err := a.outbox().List(ctx, shownStates(all)...)
	if err != nil {
		return err
	}
	var rows [][]string
	needsPerson := false
	for _, e := range entries {
		needsPerson = needsPerson || needsHand(e)
		if a.json {
			if err := a.printJSON(e); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, a.messageRow(e))
	}
	switch {
	case a.json:
	case len(rows) == 0:
		a.say("outbox.empty", nil)
	default:
		if err := printTable(a.out, strings.Split(a.text("outbox.head", nil), "|"), rows); err != nil {
			return err
		}
	}
	if needsPerson {
		return &exitError{code: exitNeedsPerson}
	}
	return nil
}

// shownStates are the states of messages that somebody may have to look at; none stands for all states.
func shownStates(all bool) []delivery.State {
	if all {
		return nil
	}
	return []delivery.State{delivery.Queued, delivery.Sending, delivery.Delayed, delivery.Failed, delivery.Bounced}
}

// needsHand reports whether a message goes no further without a person.
func needsHand(e delivery.Entry) bool {
	return e.Stuck || e.State == delivery.Failed || e.State == delivery.Bounced
}

// messageRow is a message as a row of a table.
func (a *app) messageRow(e delivery.Entry) []string {
	next := "-"
	if e.Waiting() {
		next = clock(e.NextAt)
	}
	return []string{
		e.ID[:10], a.text("outbox.kind_"+e.Kind, nil), e.Addressee, e.Target(), a.messageState(e), strconv.FormatUint(uint64(e.Attempt), 10),
		clock(e.QueuedAt), next, e.Words,
	}
}

// messageState says how a message stands.
func (a *app) messageState(e delivery.Entry) string {
	if e.Stuck {
		return a.text("outbox.state_stuck", nil)
	}
	return a.text("outbox.state_"+string(e.State), nil)
}

// messageLine is one message as --json prints it, with its life.
type messageLine struct {
	delivery.Entry
	Text  string           `json:"text"`
	Files []string         `json:"files"`
	Life  []delivery.Event `json:"life"`
}

// showMessage prints a message with what it says and what became of it.
func (a *app) showMessage(ctx context.Context, id string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	e, content, life, err := a.outbox().Find(ctx, id)
	if err != nil {
		return outboxError(err, id)
	}
	text := content.Text
	if text == "" {
		text = content.Markdown
	}
	files := []string{}
	for _, f := range append(content.Inline, content.Files...) {
		files = append(files, f.Name)
	}
	if a.json {
		return a.printJSON(messageLine{e, text, files, life})
	}
	a.say("outbox.shown", map[string]any{
		"id": e.ID, "subject": e.Subject, "addressee": e.Addressee, "target": e.Target(), "state": a.messageState(e), "at": clock(e.QueuedAt),
		"files": strings.Join(files, ", "),
	})
	var rows [][]string
	for _, event := range life {
		rows = append(rows, []string{
			strconv.FormatUint(uint64(event.N), 10), event.At.In(period.Shanghai()).Format(time.DateTime), a.text("outbox.state_"+string(event.State), nil),
			strconv.FormatUint(uint64(event.Attempt), 10), event.Words, event.By,
		})
	}
	if len(rows) > 0 {
		if err := printTable(a.out, strings.Split(a.text("outbox.life_head", nil), "|"), rows); err != nil {
			return err
		}
	}
	fmt.Fprintf(a.out, "\n%s\n", strings.TrimSpace(text))
	return nil
}

// eachMessage does something with each of some messages and says how it stands afterwards.
func (a *app) eachMessage(ctx context.Context, ids []string, do func(context.Context, *delivery.Outbox, string) (delivery.Entry, error)) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	o := a.outbox()
	for _, id := range ids {
		e, err := do(ctx, o, id)
		if err != nil {
			return outboxError(err, id)
		}
		if a.json {
			if err := a.printJSON(e); err != nil {
				return err
			}
			continue
		}
		a.say("outbox.stands", map[string]any{"id": e.ID[:10], "target": e.Target(), "state": a.messageState(e)})
	}
	return nil
}

// outboxError says in the user's words why a message cannot be dealt with.
func outboxError(err error, id string) error {
	args := map[string]any{"id": id}
	switch {
	case errors.Is(err, delivery.ErrUnknownMessage):
		return usageError(&saidError{"outbox.unknown", args})
	case errors.Is(err, delivery.ErrAmbiguous):
		return usageError(&saidError{"outbox.ambiguous", args})
	case errors.Is(err, delivery.ErrDone):
		return usageError(&saidError{"outbox.done", args})
	case errors.Is(err, delivery.ErrBusy):
		return &saidError{"outbox.busy", nil}
	}
	return err
}

// flushOutbox tries what is due; it is exit code 3 when a message was refused.
func (a *app) flushOutbox(ctx context.Context) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	o := a.outbox()
	if err := a.readBounces(ctx, o, userName()); err != nil {
		return outboxError(err, "")
	}
	f, err := o.Flush(ctx, userName())
	if err != nil {
		return outboxError(err, "")
	}
	if a.json {
		err = a.printJSON(f)
	} else {
		a.say("outbox.flushed", flushedArgs(0, f))
	}
	if err == nil && f.Failed > 0 {
		err = &exitError{code: exitNeedsPerson}
	}
	return err
}
