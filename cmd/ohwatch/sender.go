package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/ingest"
	"ohwatch/ingest/receive"
	"ohwatch/internal/period"
)

// newSenderCommand is `ohwatch sender`: who sends what and when, their tokens and receipts, who is overdue.
func newSenderCommand(a *app) *cobra.Command {
	list := func(cmd *cobra.Command, _ []string) error { return a.listSenders(cmd.Context()) }
	command := &cobra.Command{Use: "sender", Short: a.text("sender.short", nil), Args: cobra.NoArgs, RunE: list}
	command.AddCommand(
		&cobra.Command{Use: "list", Short: a.text("sender.short_list", nil), Args: cobra.NoArgs, RunE: list},
		&cobra.Command{
			Use: "show NAME", Short: a.text("sender.short_show", nil), Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.showSender(cmd.Context(), args[0]) },
		},
		newSenderEditCommand(a, "add"), newSenderEditCommand(a, "set"),
		&cobra.Command{
			Use: "remove NAME", Short: a.text("sender.short_remove", nil), Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.removeSender(cmd.Context(), args[0]) },
		},
		newTokenCommand(a), newZeroCommand(a), newOverdueCommand(a), newReceiptsCommand(a),
	)
	return command
}

// senderFlags are the flags of add and set.
type senderFlags struct {
	expect, mappings              []string
	contact, unexpected, encoding string
	since                         string
}

func newSenderEditCommand(a *app, verb string) *cobra.Command {
	var f senderFlags
	command := &cobra.Command{
		Use:   verb + " NAME [--expect STREAM=monthly:10]… [--mapping M.yaml]…",
		Short: a.text("sender.short_"+verb, nil),
		Args:  cobra.ExactArgs(1),
	}
	flags := command.Flags()
	flags.StringArrayVar(&f.expect, "expect", nil, a.text("sender.flag_expect", nil))
	flags.StringArrayVar(&f.mappings, "mapping", nil, a.text("sender.flag_mapping", nil))
	flags.StringVar(&f.contact, "contact", "", a.text("sender.flag_contact", nil))
	flags.StringVar(&f.unexpected, "unexpected", "note", a.text("sender.flag_unexpected", nil))
	flags.StringVar(&f.encoding, "encoding", "", a.text("sender.flag_encoding", nil))
	flags.StringVar(&f.since, "since", "", a.text("sender.flag_since", nil))
	command.RunE = func(cmd *cobra.Command, args []string) error {
		return a.editSender(cmd.Context(), verb, args[0], f, flags.Changed)
	}
	return command
}

// editSender makes or changes a profile. With set, flags that are not given leave things as they are.
func (a *app) editSender(ctx context.Context, verb, name string, f senderFlags, given func(flag string) bool) error {
	if err := receive.CheckSender(name); err != nil {
		return usageError(err)
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	p, err := receive.FindProfile(ctx, a.db, name)
	unknown := errors.Is(err, receive.ErrNoSender)
	switch {
	case err != nil && !unknown:
		return err
	case verb == "add" && !unknown:
		return usageError(&saidError{"sender.exists", map[string]any{"name": name}})
	case verb == "set" && unknown:
		return a.noSender(name)
	case unknown:
		p = receive.Profile{Sender: name, Since: a.today()}
	}
	if err := f.apply(&p, given, a.files); err != nil {
		return usageError(err)
	}
	p.ChangedBy = userName()
	if err := receive.SetProfile(ctx, a.db, p, time.Now()); err != nil {
		return err
	}
	if err := a.audit(ctx, "sender_set", name, ""); err != nil {
		return err
	}
	a.say("sender.saved", map[string]any{"name": name})
	if a.json {
		return a.printJSON(newSenderLine(p))
	}
	return nil
}

// apply changes a profile as the flags say.
func (f *senderFlags) apply(p *receive.Profile, given func(flag string) bool, definitions fs.FS) error {
	if given("expect") {
		p.Expected = nil
		for _, text := range f.expect {
			if text == "" {
				continue // --expect "" expects nothing in particular
			}
			e, err := receive.ParseExpectation(text, definitions)
			if err != nil {
				return err
			}
			p.Expected = slices.DeleteFunc(p.Expected, func(o receive.Expectation) bool { return o.Stream == e.Stream })
			p.Expected = append(p.Expected, e)
		}
	}
	if given("mapping") {
		p.Mappings = map[string]string{}
		for _, path := range f.mappings {
			if path == "" {
				continue
			}
			m, err := ingest.ReadMapping(path, definitions)
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			p.Mappings[m.Stream] = string(text)
		}
	}
	if given("contact") {
		p.Contact = f.contact
	}
	if given("unexpected") {
		if f.unexpected != "note" && f.unexpected != "refuse" {
			return &saidError{"sender.unexpected_word", map[string]any{"value": f.unexpected}}
		}
		p.Refuse = f.unexpected == "refuse"
	}
	if given("encoding") {
		if !slices.Contains([]string{"", "utf-8", "gb18030"}, f.encoding) {
			return &saidError{"sender.encoding_word", map[string]any{"value": f.encoding}}
		}
		p.Encoding = f.encoding
	}
	if given("since") {
		day, err := parseDay("--since", f.since)
		if err != nil {
			return err
		}
		p.Since = day
	}
	return nil
}

func (a *app) noSender(name string) error {
	return &saidError{"sender.unknown", map[string]any{"name": name}}
}

// findSender opens the warehouse and returns a profile.
func (a *app) findSender(ctx context.Context, name string) (receive.Profile, error) {
	if err := a.openDB(ctx); err != nil {
		return receive.Profile{}, err
	}
	p, err := receive.FindProfile(ctx, a.db, name)
	if errors.Is(err, receive.ErrNoSender) {
		return p, a.noSender(name)
	}
	return p, err
}

// audit records what was done by this command.
func (a *app) audit(ctx context.Context, action, object, detail string) error {
	return receive.Audit(ctx, a.db, time.Now(), userName(), action, object, "done", "", detail)
}

// senderLine is a profile as --json prints it.
type senderLine struct {
	Sender     string            `json:"sender"`
	Contact    string            `json:"contact"`
	Unexpected string            `json:"unexpected"`
	Encoding   string            `json:"encoding"`
	Expected   []string          `json:"expected"`
	Mappings   map[string]string `json:"mappings"` // stream to the name of its mapping
	Since      string            `json:"since"`
	ChangedAt  *time.Time        `json:"changed_at"`
	ChangedBy  string            `json:"changed_by"`
}

func newSenderLine(p receive.Profile) senderLine {
	line := senderLine{
		Sender: p.Sender, Contact: p.Contact, Unexpected: "note", Encoding: p.Encoding, Expected: []string{}, Mappings: map[string]string{},
		Since: p.Since.Format(time.DateOnly), ChangedAt: instantOrNil(p.ChangedAt), ChangedBy: p.ChangedBy,
	}
	if p.Refuse {
		line.Unexpected = "refuse"
	}
	for _, e := range p.Expected {
		line.Expected = append(line.Expected, e.String())
	}
	for stream, text := range p.Mappings {
		if m, err := ingest.ParseMapping([]byte(text)); err == nil {
			line.Mappings[stream] = m.Name
		}
	}
	return line
}

func (a *app) listSenders(ctx context.Context) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	all, err := receive.Profiles(ctx, a.db)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, p := range all {
		line := newSenderLine(p)
		if a.json {
			if err := a.printJSON(line); err != nil {
				return err
			}
			continue
		}
		rows = append(rows, []string{p.Sender, strings.Join(line.Expected, " "), a.text("sender.unexpected_"+line.Unexpected, nil), p.Contact})
	}
	if a.json {
		return nil
	}
	if len(rows) == 0 {
		a.say("sender.none", nil)
		return nil
	}
	return printTable(a.out, strings.Split(a.text("sender.head", nil), "|"), rows)
}

func (a *app) showSender(ctx context.Context, name string) error {
	p, err := a.findSender(ctx, name)
	if err != nil {
		return err
	}
	tokens, err := receive.Tokens(ctx, a.db, name)
	if err != nil {
		return err
	}
	line := newSenderLine(p)
	if a.json {
		return a.printJSON(struct {
			senderLine
			Tokens []receive.Token `json:"tokens"`
		}{line, append([]receive.Token{}, tokens...)})
	}
	var mappings, names []string
	for stream, mapping := range line.Mappings {
		mappings = append(mappings, stream+": "+mapping)
	}
	slices.Sort(mappings)
	for _, t := range tokens {
		names = append(names, t.Token+" ("+clock(t.Issued)+")")
	}
	var rows [][]string
	for i, value := range []string{
		name, strings.Join(line.Expected, " "), a.text("sender.unexpected_"+line.Unexpected, nil), strings.Join(mappings, ", "), p.Encoding,
		line.Since, p.Contact, strings.Join(names, ", "),
	} {
		rows = append(rows, []string{strings.Split(a.text("sender.show_head", nil), "|")[i], value})
	}
	return printTable(a.out, []string{"", ""}, rows)
}

func (a *app) removeSender(ctx context.Context, name string) error {
	p, err := a.findSender(ctx, name)
	if err != nil {
		return err
	}
	tokens, err := receive.Tokens(ctx, a.db, name)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := receive.RevokeToken(ctx, a.db, t, userName(), time.Now()); err != nil {
			return err
		}
	}
	p.ChangedBy = userName()
	if err := receive.RemoveProfile(ctx, a.db, p, time.Now()); err != nil {
		return err
	}
	if err := a.audit(ctx, "sender_remove", name, ""); err != nil {
		return err
	}
	a.say("sender.removed", map[string]any{"name": name, "tokens": len(tokens)})
	return nil
}

func newTokenCommand(a *app) *cobra.Command {
	var revoke string
	command := &cobra.Command{
		Use:   "token NAME [--revoke TOKEN]",
		Short: a.text("sender.short_token", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if revoke != "" {
				return a.revokeToken(cmd.Context(), args[0], revoke)
			}
			return a.issueToken(cmd.Context(), args[0])
		},
	}
	command.Flags().StringVar(&revoke, "revoke", "", a.text("sender.flag_revoke", nil))
	return command
}

// issueToken makes a token and prints it, this once, alone on stdout.
func (a *app) issueToken(ctx context.Context, name string) error {
	if _, err := a.findSender(ctx, name); err != nil {
		return err
	}
	public, token, err := receive.IssueToken(ctx, a.db, name, userName(), time.Now())
	if err != nil {
		return err
	}
	if err := a.audit(ctx, "token_issue", public, name); err != nil {
		return err
	}
	a.note("sender.token_once", map[string]any{"name": name, "token": public})
	if a.json {
		return a.printJSON(map[string]string{"sender": name, "name": public, "token": token})
	}
	fmt.Fprintln(a.out, token)
	return nil
}

func (a *app) revokeToken(ctx context.Context, name, which string) error {
	if _, err := a.findSender(ctx, name); err != nil {
		return err
	}
	tokens, err := receive.Tokens(ctx, a.db, name)
	if err != nil {
		return err
	}
	n := 0
	for _, t := range tokens {
		if which != "all" && which != t.Token {
			continue
		}
		if err := receive.RevokeToken(ctx, a.db, t, userName(), time.Now()); err != nil {
			return err
		}
		if err := a.audit(ctx, "token_revoke", t.Token, name); err != nil {
			return err
		}
		n++
	}
	if n == 0 {
		return &saidError{"sender.token_unknown", map[string]any{"name": name, "token": which}}
	}
	a.say("sender.revoked", map[string]any{"name": name, "n": n})
	return nil
}

func newZeroCommand(a *app) *cobra.Command {
	var stream, when string
	var withdraw bool
	command := &cobra.Command{
		Use:   "zero NAME --stream S --period 2025-07",
		Short: a.text("sender.short_zero", nil),
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.findSender(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			said, err := receive.SayZero(cmd.Context(), a.db, p, stream, when, "command", userName(), withdraw, time.Now())
			if fault, ok := receive.IsFault(err); ok {
				return usageError(fault)
			}
			if err != nil {
				return err
			}
			if err := a.audit(cmd.Context(), "zero", p.Sender, stream+" "+said.String()); err != nil {
				return err
			}
			key := "sender.zero_said"
			if withdraw {
				key = "sender.zero_withdrawn"
			}
			a.say(key, map[string]any{"name": p.Sender, "stream": stream, "period": said})
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&stream, "stream", "", a.text("sender.flag_stream", nil))
	flags.StringVar(&when, "period", "", a.text("sender.flag_period", nil))
	flags.BoolVar(&withdraw, "withdraw", false, a.text("sender.flag_withdraw", nil))
	return command
}

// dueLine is an expected file as --json prints it.
type dueLine struct {
	Sender   string  `json:"sender"`
	Stream   string  `json:"stream"`
	Period   string  `json:"period"`
	Due      string  `json:"due"`
	State    string  `json:"state"` // missing, open, late, in_time or zero
	Received *string `json:"received"`
	DaysLate int     `json:"days_late"`
	Batch    uint64  `json:"batch,omitempty"`
	Contact  string  `json:"contact"`
}

func newDueLine(d receive.Due) dueLine {
	line := dueLine{
		Sender: d.Sender, Stream: d.Stream, Period: d.Period, Due: d.DueDate.Format(time.DateOnly), DaysLate: int(d.DaysLate), Batch: d.Batch,
		Contact: d.Contact, State: d.State,
	}
	if d.Received != nil {
		day := d.Received.Format(time.DateOnly)
		line.Received = &day
	}
	return line
}

// calendarBack is how far back the calendar of expected files goes by default, in days.
const calendarBack = 400

func newOverdueCommand(a *app) *cobra.Command {
	var all, remind bool
	var since string
	command := &cobra.Command{
		Use:   "overdue [NAME] [--all] [--remind]",
		Short: a.text("sender.short_overdue", nil),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.overdue(cmd.Context(), name, since, all, remind)
		},
	}
	flags := command.Flags()
	flags.BoolVar(&all, "all", false, a.text("sender.flag_all", nil))
	flags.BoolVar(&remind, "remind", false, a.text("sender.flag_remind", nil))
	flags.StringVar(&since, "since", "", a.text("sender.flag_from", nil))
	return command
}

// overdue prints the files that are missing past their due date, or with all every expected file, or drafts of reminders.
func (a *app) overdue(ctx context.Context, name, since string, all, remind bool) error {
	from := a.today().AddDate(0, 0, -calendarBack)
	if since != "" {
		day, err := parseDay("--since", since)
		if err != nil {
			return err
		}
		from = day
	}
	if name != "" {
		if _, err := a.findSender(ctx, name); err != nil {
			return err
		}
	}
	if err := a.openDB(ctx); err != nil {
		return err
	}
	if err := a.refresh(ctx, "fct_due"); err != nil {
		return err
	}
	dues, err := receive.Calendar(ctx, a.db, from)
	if err != nil {
		return err
	}
	dues = slices.DeleteFunc(dues, func(d receive.Due) bool { return name != "" && d.Sender != name || !all && !d.Missing() })
	if remind {
		return a.printReminders(dues)
	}
	open := 0
	var rows [][]string
	for _, d := range dues {
		line := newDueLine(d)
		if d.Missing() {
			open++
		}
		if a.json {
			if err := a.printJSON(line); err != nil {
				return err
			}
			continue
		}
		received := "-"
		if line.Received != nil {
			received = *line.Received
		}
		rows = append(rows, []string{
			d.Sender, a.text("report.stream."+d.Stream, nil), line.Period, line.Due, received, a.text("sender.state_"+line.State, nil), strconv.Itoa(line.DaysLate),
		})
	}
	switch {
	case a.json:
	case len(rows) == 0:
		a.say("sender.none_overdue", nil)
	default:
		if err := printTable(a.out, strings.Split(a.text("sender.overdue_head", nil), "|"), rows); err != nil {
			return err
		}
	}
	if open > 0 {
		return &exitError{code: exitNeedsPerson}
	}
	return nil
}

// printReminders prints one draft of a reminder for each sender with missing files.
func (a *app) printReminders(dues []receive.Due) error {
	for i := 0; i < len(dues); {
		first := dues[i]
		var lines []string
		for ; i < len(dues) && dues[i].Sender == first.Sender; i++ {
			d := dues[i]
			if !d.Missing() {
				continue
			}
			lines = append(lines, a.text("sender.reminder_line", map[string]any{
				"stream": a.text("report.stream."+d.Stream, nil), "period": d.Period, "due": d.DueDate.Format(time.DateOnly), "days": d.DaysLate,
			}))
		}
		if len(lines) == 0 {
			continue
		}
		text := a.text("sender.reminder", map[string]any{
			"sender": first.Sender, "contact": first.Contact, "lines": strings.Join(lines, "\n"), "organisation": a.organisation(),
			"day": a.today().Format(time.DateOnly),
		})
		if a.json {
			if err := a.printJSON(map[string]any{"sender": first.Sender, "contact": first.Contact, "missing": len(lines), "text": text}); err != nil {
				return err
			}
			continue
		}
		fmt.Fprintln(a.out, text)
	}
	return nil
}

func newReceiptsCommand(a *app) *cobra.Command {
	limit := uint64(50)
	command := &cobra.Command{
		Use:   "receipts [NAME] [--limit N]",
		Short: a.text("sender.short_receipts", nil),
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return a.listReceipts(cmd.Context(), name, limit)
		},
	}
	command.Flags().Uint64Var(&limit, "limit", limit, a.text("sender.flag_limit", nil))
	return command
}

func (a *app) listReceipts(ctx context.Context, name string, limit uint64) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	all, err := receive.Receipts(ctx, a.db, name, limit)
	if err != nil {
		return err
	}
	var rows [][]string
	for i := range all {
		r := &all[i]
		document := r.Document(a.catalogue)
		if a.json {
			if err := a.printJSON(document); err != nil {
				return err
			}
			continue
		}
		message := document.MessageZh
		if a.lang() != "zh" {
			message = document.MessageEn
		}
		var batches []string
		for _, b := range r.Batches {
			batches = append(batches, strconv.FormatUint(b, 10))
		}
		rows = append(rows, []string{
			r.ID, clock(r.ReceivedAt.In(period.Shanghai())), r.Source, r.Sender, r.Name, a.text("sender.receipt_"+string(r.State), nil),
			strings.Join(batches, " "), message,
		})
	}
	if a.json {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("sender.receipts_head", nil), "|"), rows)
}
