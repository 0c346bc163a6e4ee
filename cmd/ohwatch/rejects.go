package main

import (
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/internal/message"
)

// newRejectsCommand is `ohwatch batches rejects`: rejected rows, to be read here or sent back.
func newRejectsCommand(a *app) *cobra.Command {
	var out, sender string
	var reveal, all, open bool
	command := &cobra.Command{
		Use:   "rejects ID [--out F.xlsx|F.csv [--all]] | rejects --open [--sender S]",
		Short: a.text("batches.rejects_short", nil),
		Args: func(cmd *cobra.Command, args []string) error {
			if open {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(1)(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if open {
				return a.listOpenRejects(cmd.Context(), sender)
			}
			b, err := a.findBatch(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out != "" {
				return a.writeRejects(cmd.Context(), b, out, all)
			}
			return a.printRejects(cmd.Context(), b, reveal)
		},
	}
	flags := command.Flags()
	flags.StringVar(&out, "out", "", a.text("batches.flag_out", nil))
	flags.BoolVar(&all, "all", false, a.text("batches.flag_all", nil))
	flags.BoolVar(&reveal, "reveal", false, a.text("batches.flag_reveal", nil))
	flags.BoolVar(&open, "open", false, a.text("batches.flag_open", nil))
	flags.StringVar(&sender, "sender", "", a.text("batches.flag_sender", nil))
	return command
}

// newSettleCommand is `ohwatch batches settle`: rejected rows that will not be mended.
func newSettleCommand(a *app) *cobra.Command {
	var as, reason string
	var rows []uint
	command := &cobra.Command{
		Use:   "settle ID --as withdrawn|ignored|open [--row N,…] --reason TEXT",
		Short: a.text("batches.settle_short", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch as {
			case ingest.RejectWithdrawn, ingest.RejectIgnored, ingest.RejectOpen:
			default:
				return wrongUsage("batches.settle_as", map[string]any{"as": as})
			}
			if reason == "" {
				return wrongUsage("batches.settle_reason", nil)
			}
			b, err := a.findBatch(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			var lines []uint32
			for _, row := range rows {
				lines = append(lines, uint32(row))
			}
			n, err := ingest.DecideRejects(cmd.Context(), a.db, b, lines, as, userName(), reason)
			if errors.Is(err, ingest.ErrNoReject) {
				return &saidError{"batches.no_such_reject", map[string]any{"batch": b.Batch}}
			}
			if err != nil {
				return err
			}
			a.say("batches.settled", map[string]any{"batch": b.Batch, "rows": n, "state": a.text("batches.reject_"+as, nil)})
			if !a.json {
				return nil
			}
			return a.printJSON(map[string]any{"batch": b.Batch, "rows": n, "state": as})
		},
	}
	flags := command.Flags()
	flags.StringVar(&as, "as", "", a.text("batches.flag_as", nil))
	flags.UintSliceVar(&rows, "row", nil, a.text("batches.flag_row", nil))
	flags.StringVar(&reason, "reason", "", a.text("batches.flag_settle_reason", nil))
	return command
}

// rejectCounts counts the rejected rows of a batch by their state.
func (a *app) rejectCounts(ctx context.Context, b ingest.Batch) (map[string]int, error) {
	counts := map[string]int{}
	if b.Rejected == 0 {
		return counts, nil
	}
	states, err := ingest.RejectStates(ctx, a.db, b.Stream, b.Batch, "")
	for _, s := range states {
		counts[s.State]++
	}
	return counts, err
}

// listOpenRejects prints the batches with rejected rows that wait for their sender.
func (a *app) listOpenRejects(ctx context.Context, sender string) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	states, err := ingest.RejectStates(ctx, a.db, "", 0, sender)
	if err != nil {
		return err
	}
	type open struct {
		Batch  uint64   `json:"batch"`
		Stream string   `json:"stream"`
		Sender string   `json:"sender"`
		File   string   `json:"file"`
		Sheet  string   `json:"sheet"`
		Open   int      `json:"open"`
		Rows   []uint32 `json:"rows"`
	}
	var found []*open
	for _, s := range states {
		if s.State != ingest.RejectOpen {
			continue
		}
		if n := len(found); n == 0 || found[n-1].Batch != s.Batch {
			found = append(found, &open{Batch: s.Batch, Stream: s.Stream, Sender: s.Sender, File: s.File, Sheet: s.Sheet})
		}
		last := found[len(found)-1]
		last.Open++
		last.Rows = append(last.Rows, s.Row)
	}
	var rows [][]string
	for _, o := range found {
		if a.json {
			if err := a.printJSON(o); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{strconv.FormatUint(o.Batch, 10), o.Stream, o.Sender, o.File, o.Sheet, strconv.Itoa(o.Open)})
	}
	switch {
	case a.json:
		return nil
	case len(rows) == 0:
		a.say("batches.none_open", nil)
		return nil
	}
	return printTable(a.out, strings.Split(a.text("batches.open_head", nil), "|"), rows)
}

// rejectSentence says in words why a row was rejected.
func (a *app) rejectSentence(r *ingest.Reject) string {
	return a.rejectText(a.printer, r)
}

// rejectText is the sentence of the catalogue or, for a contract of the operator's own, that of its check.
func (a *app) rejectText(p *message.Printer, r *ingest.Reject) string {
	if zh, en := r.Sentence(); zh != "" {
		return message.Fill(message.Text{Zh: zh, En: en}.In(p.Lang()), r.MessageArgs())
	}
	return p.Text("ingest."+r.Code, r.MessageArgs())
}

// rejectWords says in both languages why a row was rejected and how it could be mended.
func (a *app) rejectWords(r *ingest.Reject) ingest.Words {
	zh, en := a.catalogue.Printer(message.Chinese), a.catalogue.Printer(message.English)
	words := ingest.Words{Zh: a.rejectText(zh, r), En: a.rejectText(en, r)}
	if key := "repair." + r.RepairCode(); a.has(key) {
		words.Repair = zh.Text(key, r.MessageArgs()) + " / " + en.Text(key, r.MessageArgs())
	}
	return words
}

// has reports whether the catalogue has a text.
func (a *app) has(key string) bool {
	_, ok := a.catalogue.Lookup(key)
	return ok
}

func (a *app) printRejects(ctx context.Context, b ingest.Batch, reveal bool) error {
	rejects, err := ingest.Rejects(ctx, a.db, a.cfg.Data.Dir, b.Batch, reveal)
	if err != nil {
		return err
	}
	states, err := ingest.RejectStates(ctx, a.db, b.Stream, b.Batch, "")
	if err != nil {
		return err
	}
	byRow := make(map[uint32]ingest.RejectState, len(states))
	for _, s := range states {
		byRow[s.Row] = s
	}
	if a.json {
		return a.printRejectedRows(b, rejects, byRow)
	}
	var rows [][]string
	for i := range rejects {
		r := &rejects[i]
		rows = append(rows, []string{r.Sheet, strconv.FormatUint(uint64(r.Row), 10), strings.TrimSpace(strings.TrimRight(r.Cell(), "0123456789") + " " + r.Column), r.Value, a.rejectState(byRow[r.Row]), a.rejectSentence(r)})
	}
	if len(rows) == 0 {
		a.say("batches.no_rejects", map[string]any{"batch": b.Batch})
		return nil
	}
	return printTable(a.out, strings.Split(a.text("batches.rejects_head", nil), "|"), rows)
}

// rejectState names the state of a reject, and the batch that brought it about.
func (a *app) rejectState(s ingest.RejectState) string {
	if s.State == "" {
		return ""
	}
	text := a.text("batches.reject_"+s.State, nil)
	if s.ByBatch != 0 {
		text += " " + strconv.FormatUint(s.ByBatch, 10)
	}
	return text
}

// printRejectedRows prints one object a rejected row: its first reason, and all reasons in the message.
func (a *app) printRejectedRows(b ingest.Batch, rejects []ingest.Reject, states map[uint32]ingest.RejectState) error {
	for i := 0; i < len(rejects); {
		r := &rejects[i]
		message := a.rejectSentence(r)
		repair := a.rejectWords(r).Repair
		for i++; i < len(rejects) && rejects[i].Row == r.Row && rejects[i].Sheet == r.Sheet; i++ {
			message += "; " + a.rejectSentence(&rejects[i])
		}
		err := a.printJSON(struct {
			File    string `json:"file"`
			Sheet   string `json:"sheet"`
			Row     uint32 `json:"row"`
			Column  string `json:"column"`
			Cell    string `json:"cell,omitempty"`
			Value   string `json:"value"`
			Code    string `json:"code"`
			Message string `json:"message"`
			Repair  string `json:"repair"`
			State   string `json:"state"`
			ByBatch uint64 `json:"by_batch,omitempty"`
		}{b.File, r.Sheet, r.Row, r.Column, r.Cell(), r.Value, r.Code, message, repair, states[r.Row].State, states[r.Row].ByBatch})
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) writeRejects(ctx context.Context, b ingest.Batch, out string, all bool) error {
	switch strings.ToLower(filepath.Ext(out)) {
	case ".xlsx", ".csv":
	default:
		return usageError(&saidError{"batches.out_ending", map[string]any{"path": out}})
	}
	n, err := ingest.WriteRejects(ctx, a.db, a.cfg.Data.Dir, b, out, all, a.rejectWords)
	if err != nil {
		return err
	}
	a.say("batches.written", map[string]any{"rows": n, "path": out})
	return nil
}
