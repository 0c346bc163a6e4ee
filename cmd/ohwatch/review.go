package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/period"
)

// newReviewCommand is `ohwatch review`: names that no list has, and what people decided about them.
func newReviewCommand(a *app) *cobra.Command {
	var kind string
	var decided bool
	limit := 100
	list := func(cmd *cobra.Command, _ []string) error { return a.listNames(cmd.Context(), kind, decided, limit) }
	command := &cobra.Command{Use: "review", Short: a.text("review.short", nil), Args: cobra.NoArgs, RunE: list}
	listCommand := &cobra.Command{Use: "list [--kind K] [--decided]", Short: a.text("review.list_short", nil), Args: cobra.NoArgs, RunE: list}
	for _, c := range []*cobra.Command{command, listCommand} {
		c.Flags().StringVar(&kind, "kind", "", a.text("review.flag_kind", map[string]any{"kinds": strings.Join(ingest.Kinds, ", ")}))
		c.Flags().BoolVar(&decided, "decided", false, a.text("review.flag_decided", nil))
		c.Flags().IntVar(&limit, "limit", limit, a.text("batches.flag_limit", nil))
	}
	command.AddCommand(listCommand, &cobra.Command{
		Use:   "show ID",
		Short: a.text("review.show_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE:  func(cmd *cobra.Command, args []string) error { return a.showName(cmd.Context(), args[0]) },
	}, newDecideCommand(a), newUndoCommand(a))
	return command
}

func newDecideCommand(a *app) *cobra.Command {
	var as, sender, reason string
	var isNew, ignore bool
	command := &cobra.Command{
		Use:   "decide ID --as CODE | --new | --ignore [--sender S] [--reason TEXT]",
		Short: a.text("review.decide_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ways := 0
			for _, given := range []bool{as != "", isNew, ignore} {
				if given {
					ways++
				}
			}
			if ways != 1 {
				return wrongUsage("review.one_way", nil)
			}
			return a.decideName(cmd.Context(), args[0], func(r *ingest.Review, n ingest.OpenName) (ingest.Decision, error) {
				switch {
				case isNew:
					return r.New(cmd.Context(), n, sender, userName(), reason)
				case ignore:
					return r.Ignore(cmd.Context(), n, sender, userName(), reason)
				}
				d, err := r.As(cmd.Context(), n, as, sender, userName(), reason)
				if errors.Is(err, ingest.ErrNoCode) {
					err = usageError(&saidError{"review.no_code", map[string]any{"code": as, "kind": a.text("review.kind_"+n.Kind, nil)}})
				}
				return d, err
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&as, "as", "", a.text("review.flag_as", nil))
	flags.BoolVar(&isNew, "new", false, a.text("review.flag_new", nil))
	flags.BoolVar(&ignore, "ignore", false, a.text("review.flag_ignore", nil))
	flags.StringVar(&sender, "sender", "", a.text("review.flag_sender", nil))
	flags.StringVar(&reason, "reason", "", a.text("review.flag_reason", nil))
	return command
}

func newUndoCommand(a *app) *cobra.Command {
	var sender, reason string
	command := &cobra.Command{
		Use:   "undo ID [--sender S] [--reason TEXT]",
		Short: a.text("review.undo_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.decideName(cmd.Context(), args[0], func(r *ingest.Review, n ingest.OpenName) (ingest.Decision, error) {
				d, err := r.Undo(cmd.Context(), n, sender, userName(), reason)
				if errors.Is(err, ingest.ErrNoName) {
					err = &saidError{"review.not_decided", map[string]any{"name": n.Name}}
				}
				return d, err
			})
		},
	}
	command.Flags().StringVar(&sender, "sender", "", a.text("review.flag_sender", nil))
	command.Flags().StringVar(&reason, "reason", "", a.text("review.flag_reason", nil))
	return command
}

// openReview opens the warehouse and the queue of names.
func (a *app) openReview(ctx context.Context) (*ingest.Review, error) {
	if err := a.openDB(ctx); err != nil {
		return nil, err
	}
	return ingest.OpenReview(ctx, a.db)
}

// findName returns the name of an ID.
func (a *app) findName(ctx context.Context, r *ingest.Review, id string) (ingest.OpenName, error) {
	n, err := r.Find(ctx, id)
	if errors.Is(err, ingest.ErrNoName) {
		err = &saidError{"review.not_found", map[string]any{"id": id}}
	}
	return n, err
}

// decideName finds a name, records what decide says about it, and prints that.
func (a *app) decideName(ctx context.Context, id string, decide func(*ingest.Review, ingest.OpenName) (ingest.Decision, error)) error {
	r, err := a.openReview(ctx)
	if err != nil {
		return err
	}
	n, err := a.findName(ctx, r, id)
	if err != nil {
		return err
	}
	d, err := decide(r, n)
	if err != nil {
		return err
	}
	a.say("review.decided", map[string]any{"name": n.Name, "decision": a.decision(d), "rows": n.Rows})
	if !a.json {
		return nil
	}
	return a.printJSON(struct {
		Name string `json:"id"`
		ingest.Decision
	}{n.ID, d})
}

// decision says in words what was decided.
func (a *app) decision(d ingest.Decision) string {
	text := a.text("review.action_"+d.Action, map[string]any{"code": d.Code})
	if d.Sender != "" {
		text += a.text("review.only_sender", map[string]any{"sender": d.Sender})
	}
	return text
}

func (a *app) listNames(ctx context.Context, kind string, decided bool, limit int) error {
	if kind != "" && !slices.Contains(ingest.Kinds, kind) {
		return wrongUsage("review.no_kind", map[string]any{"kind": kind, "kinds": strings.Join(ingest.Kinds, ", ")})
	}
	r, err := a.openReview(ctx)
	if err != nil {
		return err
	}
	names, err := r.Names(ctx, kind, decided, limit)
	if err != nil {
		return err
	}
	shown := names[:min(limit, len(names))]
	if a.json {
		for _, n := range shown {
			if err := a.printJSON(n); err != nil {
				return err
			}
		}
		return nil
	}
	if len(names) == 0 {
		a.say("review.none", nil)
		return nil
	}
	var rows [][]string
	for _, n := range shown {
		about := ""
		for i, c := range n.Candidates[:min(3, len(n.Candidates))] {
			if i > 0 {
				about += "；"
			}
			about += fmt.Sprintf("%s %s %.2f", c.Code, c.Name, c.Score)
		}
		if decided {
			about = a.decisions(n)
		}
		rows = append(rows, []string{
			n.ID, a.text("review.kind_"+n.Kind, nil), a.shownName(n), strconv.FormatUint(n.Rows, 10), day(n.FirstSeen), day(n.LastSeen), strings.Join(n.Senders, "、"), about,
		})
	}
	head := "review.head"
	if decided {
		head = "review.head_decided"
	}
	if err := printTable(a.out, strings.Split(a.text(head, nil), "|"), rows); err != nil {
		return err
	}
	if len(names) > len(shown) {
		a.note("review.more", map[string]any{"n": len(names) - len(shown)})
	}
	return nil
}

// shownName is a name as a person should see it.
func (a *app) shownName(n ingest.OpenName) string {
	name := strings.TrimPrefix(n.Name, "name:")
	if n.Label != "" && n.Label != name {
		name += " " + n.Label
	}
	return name
}

func (a *app) decisions(n ingest.OpenName) string {
	var texts []string
	for _, d := range n.Decisions {
		text := a.decision(d) + " (" + d.By + ", " + d.At + ")"
		if d.Reason != "" {
			text += ": " + d.Reason
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "；")
}

func (a *app) showName(ctx context.Context, id string) error {
	r, err := a.openReview(ctx)
	if err != nil {
		return err
	}
	n, err := a.findName(ctx, r, id)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(n)
	}
	fmt.Fprintln(a.out, a.text("review.about", map[string]any{
		"kind": a.text("review.kind_"+n.Kind, nil), "name": a.shownName(n), "rows": n.Rows, "first": day(n.FirstSeen), "last": day(n.LastSeen),
		"senders": strings.Join(n.Senders, "、"), "streams": strings.Join(n.Streams, ", "),
	}))
	if len(n.Decisions) > 0 {
		fmt.Fprintln(a.out, a.decisions(n))
	}
	var rows [][]string
	for _, c := range n.Candidates {
		number := func(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }
		rows = append(rows, []string{c.Code, c.Name, number(c.Score), number(c.Shared), number(c.Edit), number(c.Use), strconv.FormatUint(c.Used, 10)})
	}
	if len(rows) == 0 {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("review.candidates_head", nil), "|"), rows)
}

// day is the day of an instant in Asia/Shanghai, empty when it is not known.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(period.Shanghai()).Format(time.DateOnly)
}
