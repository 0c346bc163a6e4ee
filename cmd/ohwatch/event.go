package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/transform"
)

// newEventCommand is `ohwatch event`: acute and group events, graded, with their time line and deadlines.
func newEventCommand(a *app) *cobra.Command {
	command := group(&cobra.Command{Use: "event", Short: a.text("event.short", nil)})
	command.AddCommand(
		newEventListCommand(a),
		&cobra.Command{
			Use: "propose", Short: a.text("event.propose_short", nil), Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.proposeEvents(cmd.Context()) },
		},
		newEventOpenCommand(a),
		&cobra.Command{
			Use: "show ID", Short: a.text("event.show_short", nil), Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error { return a.showEvent(cmd.Context(), args[0]) },
		},
	)
	for _, v := range eventVerbs() {
		command.AddCommand(newEventEntryCommand(a, v))
	}
	command.AddCommand(newEventCorrectCommand(a), newEventReportCommand(a))
	return command
}

// eventLog opens the warehouse with the acute events of the loaded data up to date. A transform that is at work is not
// waited for: an event is followed by the hour, with what is there.
func (a *app) eventLog(ctx context.Context) (*transform.EventLog, error) {
	if err := a.openDB(ctx); err != nil {
		return nil, err
	}
	if !transform.IsBusy(a.db) {
		if err := a.refresh(ctx, "fct_acute_event", "dim_employer", "dim_hazard", "dim_disease", "dim_township"); err != nil {
			a.note("event.data_stale", map[string]any{"error": a.sentence(err)})
		}
	}
	return a.events(userName()), nil
}

// events is the log of group events, written to by a user or job.
func (a *app) events(by string) *transform.EventLog {
	return &transform.EventLog{DB: a.db, Options: a.transformOptions(by), Now: a.now}
}

// eventVerb is one kind of entry as a command, with the flags that it takes beside --at, --text and --attach.
type eventVerb struct {
	verb, use, kind string
	flags           []string
}

func eventVerbs() []eventVerb {
	return []eventVerb{
		{"cases", "cases ID [--ill N] [--severe N] [--dead N] [--exposed N] [--person KEY]", transform.EntryCases, []string{"ill", "severe", "dead", "exposed", "person"}},
		{"measure", "measure ID --text TEXT", transform.EntryMeasure, []string{"text!"}},
		{"contact", "contact ID --office CODE [--text TEXT]", transform.EntryContact, []string{"office!"}},
		{"notify", "notify ID --office CODE --channel online|phone|written", transform.EntryReport, []string{"office!", "channel!"}},
		{"respond", "respond ID [--grade III]", transform.EntryResponse, []string{"grade"}},
		{"regrade", "regrade ID --grade II --reason TEXT", transform.EntryRegraded, []string{"grade!", "reason!"}},
		{"link", "link ID --warning ID|--code CODE", transform.EntryLinked, []string{"warning", "code"}},
		{"note", "note ID --text TEXT", transform.EntryNote, []string{"text!"}},
		{"close", "close ID --text OUTCOME", transform.EntryClosed, []string{"text!"}},
	}
}

// entryFlags are the values of the flags of an entry, as typed.
type entryFlags struct {
	at, started, known, grade    string
	ill, severe, dead, exposed   int64
	entry                        transform.EventEntry
	warnings, persons, documents []string
}

// declare adds flags to a command; a name with an exclamation mark must be given.
func (f *entryFlags) declare(a *app, command *cobra.Command, names ...string) {
	flags := command.Flags()
	help := func(name string) string { return a.text("event.flag_"+strings.ReplaceAll(name, "-", "_"), nil) }
	number := func(name string, to *int64) { flags.Int64Var(to, name, 0, help(name)) }
	text := func(name string, to *string) { flags.StringVar(to, name, "", help(name)) }
	list := func(name string, to *[]string) { flags.StringSliceVar(to, name, nil, help(name)) }
	for _, name := range append([]string{"at", "text", "attach"}, names...) {
		name = strings.TrimSuffix(name, "!")
		if flags.Lookup(name) != nil {
			continue
		}
		switch name {
		case "at":
			text(name, &f.at)
		case "start":
			text(name, &f.started)
		case "known":
			text(name, &f.known)
		case "grade":
			text(name, &f.grade)
		case "ill":
			number(name, &f.ill)
		case "severe":
			number(name, &f.severe)
		case "dead":
			number(name, &f.dead)
		case "exposed":
			number(name, &f.exposed)
		case "person":
			list(name, &f.persons)
		case "office":
			list(name, &f.entry.Offices)
		case "warning":
			list(name, &f.warnings)
		case "attach":
			flags.StringArrayVar(&f.documents, name, nil, help(name))
		default:
			text(name, map[string]*string{
				"text": &f.entry.Text, "reason": &f.entry.Reason, "channel": &f.entry.Channel, "kind": &f.entry.EventKind, "area": &f.entry.Area,
				"place": &f.entry.Place, "employer": &f.entry.Employer, "employer-name": &f.entry.EmployerName, "agent": &f.entry.Agent,
				"code": &f.entry.DataEvent,
			}[name])
		}
	}
}

// read returns the entry that the flags describe on top of another one: what was not typed stays as it is there.
func (f *entryFlags) read(cmd *cobra.Command, on transform.EventEntry) (transform.EventEntry, error) {
	typed := func(name string) bool { return cmd.Flags().Changed(name) }
	e := on
	for _, c := range []struct {
		flag string
		n    int64
		to   **uint32
	}{{"ill", f.ill, &e.Ill}, {"severe", f.severe, &e.Severe}, {"dead", f.dead, &e.Dead}, {"exposed", f.exposed, &e.Exposed}} {
		if !typed(c.flag) {
			continue
		}
		if c.n < 0 || c.n > 10_000_000 {
			return e, wrongUsage("event.bad_count", map[string]any{"flag": "--" + c.flag, "value": c.n})
		}
		n := uint32(c.n)
		*c.to = &n
	}
	for _, c := range []struct {
		flag, value string
		to          func(time.Time)
	}{
		{"at", f.at, func(t time.Time) { e.Happened = t }},
		{"start", f.started, func(t time.Time) { e.Started = &t }},
		{"known", f.known, func(t time.Time) { e.Known = &t }},
	} {
		if typed(c.flag) {
			t, err := parseInstant("--"+c.flag, c.value)
			if err != nil {
				return e, err
			}
			c.to(t)
		}
	}
	for flag, to := range map[string]*string{
		"text": &e.Text, "reason": &e.Reason, "channel": &e.Channel, "kind": &e.EventKind, "area": &e.Area, "place": &e.Place, "employer": &e.Employer,
		"employer-name": &e.EmployerName, "agent": &e.Agent, "code": &e.DataEvent,
	} {
		if typed(flag) {
			*to = strings.TrimSpace(cmd.Flags().Lookup(flag).Value.String())
		}
	}
	if typed("office") {
		e.Offices = f.entry.Offices
	}
	for flag, more := range map[string]struct {
		typed []string
		to    *[]string
	}{"warning": {f.warnings, &e.Warnings}, "person": {f.persons, &e.Persons}, "attach": {f.documents, &e.Attachments}} {
		if typed(flag) {
			*more.to = more.typed
		}
	}
	if typed("grade") {
		grade, ok := transform.ParseGrade(f.grade)
		if !ok {
			return e, wrongUsage("usage.choice", map[string]any{"flag": "--grade", "value": f.grade, "choices": "I, II, III, IV"})
		}
		e.Grade = grade
	}
	for _, c := range []struct {
		flag, value string
		choices     []string
	}{{"--kind", e.EventKind, transform.EventKinds()}, {"--channel", e.Channel, transform.Channels()}} {
		if c.value != "" && !slices.Contains(c.choices, c.value) {
			return e, wrongUsage("usage.choice", map[string]any{"flag": c.flag, "value": c.value, "choices": strings.Join(c.choices, ", ")})
		}
	}
	for _, office := range e.Offices {
		if !slices.Contains(transform.Addressees(), office) {
			return e, wrongUsage("usage.choice", map[string]any{"flag": "--office", "value": office, "choices": strings.Join(transform.Addressees(), ", ")})
		}
	}
	return e, nil
}

// parseInstant reads a point in time of the city, as 2026-11-16 14:30, or a day, which begins at midnight.
func parseInstant(flag, value string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, value, period.Shanghai()); err == nil {
			return t, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return t.In(period.Shanghai()), nil
	}
	return time.Time{}, wrongUsage("event.bad_time", map[string]any{"flag": flag, "value": fmt.Sprintf("%q", value)})
}

func newEventOpenCommand(a *app) *cobra.Command {
	var f entryFlags
	var data string
	var exercise bool
	command := &cobra.Command{
		Use: "open [--from-warning ID|--from-data CODE] [--kind KIND] [--start TIME] [--known TIME] [--ill N] [--exercise]", Short: a.text("event.open_short", nil),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			e, err := f.read(cmd, transform.EventEntry{Exercise: exercise})
			if err != nil {
				return err
			}
			e.Warnings, e.DataEvent = f.warnings, data
			if len(e.Warnings) == 0 && e.DataEvent == "" && e.EventKind == "" {
				return wrongUsage("event.need_kind", map[string]any{"kinds": strings.Join(transform.EventKinds(), ", ")})
			}
			log, err := a.eventLog(cmd.Context())
			if err != nil {
				return err
			}
			if err := a.checkArea(cmd.Context(), e.Area); err != nil {
				return err
			}
			g, err := log.Open(cmd.Context(), e)
			return a.eventWritten(g, err)
		},
	}
	f.declare(a, command, "kind", "start", "known", "area", "place", "employer", "employer-name", "agent", "ill", "severe", "dead", "exposed", "person")
	command.Flags().StringSliceVar(&f.warnings, "from-warning", nil, a.text("event.flag_from_warning", nil))
	command.Flags().StringVar(&data, "from-data", "", a.text("event.flag_from_data", nil))
	command.Flags().BoolVar(&exercise, "exercise", false, a.text("event.flag_exercise", nil))
	return command
}

func newEventEntryCommand(a *app, v eventVerb) *cobra.Command {
	var f entryFlags
	command := &cobra.Command{
		Use: v.use, Short: a.text("event."+v.verb+"_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			given := false
			for _, name := range v.flags {
				bare := strings.TrimSuffix(name, "!")
				blank := strings.Trim(cmd.Flags().Lookup(bare).Value.String(), " []") == ""
				if bare != name && (blank || !cmd.Flags().Changed(bare)) {
					return wrongUsage("event.need_flag", map[string]any{"flag": "--" + bare, "line": cmd.UseLine()})
				}
				given = given || cmd.Flags().Changed(bare)
			}
			if !given && v.kind != transform.EntryResponse {
				return wrongUsage("event.need_flag", map[string]any{"flag": "--" + strings.Join(v.flags, ", --"), "line": cmd.UseLine()})
			}
			e, err := f.read(cmd, transform.EventEntry{Event: args[0], Kind: v.kind})
			if err != nil {
				return err
			}
			return a.addEntry(cmd.Context(), e)
		},
	}
	f.declare(a, command, v.flags...)
	return command
}

// newEventCorrectCommand is `ohwatch event correct`: an entry that stands in the place of another one.
func newEventCorrectCommand(a *app) *cobra.Command {
	var f entryFlags
	var number uint32
	var withdraw bool
	command := &cobra.Command{
		Use: "correct ID --entry N --reason TEXT [--withdraw] [FLAGS OF THE ENTRY]", Short: a.text("event.correct_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(f.entry.Reason) == "" {
				return wrongUsage("event.need_flag", map[string]any{"flag": "--reason", "line": cmd.UseLine()})
			}
			log, err := a.eventLog(cmd.Context())
			if err != nil {
				return err
			}
			g, err := log.Find(cmd.Context(), args[0])
			if err != nil {
				return a.eventError(err)
			}
			if number < 1 || int(number) > len(g.Entries) {
				return usageError(transform.ErrUnknownEntry.With("id", g.ID).With("entry", number))
			}
			e, err := f.read(cmd, g.Entries[number-1])
			if err != nil {
				return err
			}
			if withdraw {
				e = transform.EventEntry{Event: g.ID, Kind: transform.EntryWithdrawn, Reason: e.Reason}
			}
			e.Corrects = number
			if err := a.checkArea(cmd.Context(), e.Area); err != nil {
				return err
			}
			g, err = log.Add(cmd.Context(), e)
			return a.eventWritten(g, err)
		},
	}
	f.declare(a, command, "reason", "ill", "severe", "dead", "exposed", "person", "office", "channel", "grade", "warning", "code", "kind", "start", "known",
		"area", "place", "employer", "employer-name", "agent")
	command.Flags().Uint32Var(&number, "entry", 0, a.text("event.flag_entry", nil))
	command.Flags().BoolVar(&withdraw, "withdraw", false, a.text("event.flag_withdraw", nil))
	return command
}

// addEntry writes an entry and says what the event has become.
func (a *app) addEntry(ctx context.Context, e transform.EventEntry) error {
	log, err := a.eventLog(ctx)
	if err != nil {
		return err
	}
	g, err := log.Add(ctx, e)
	return a.eventWritten(g, err)
}

// eventWritten prints what an event is after an entry.
func (a *app) eventWritten(g transform.GroupEvent, err error) error {
	if err != nil {
		return a.eventError(err)
	}
	if a.json {
		return a.printJSON(g)
	}
	last := g.Entries[len(g.Entries)-1]
	a.say("event.written", map[string]any{
		"exercise": a.exerciseMark(g), "id": g.ID, "entry": last.Entry, "kind": a.text("event.kind_"+last.Kind, nil), "state": a.text("event.state_"+g.State, nil),
		"grade": a.gradeName(g.Grade), "ill": countText(g.Counts.Ill), "dead": countText(g.Counts.Dead),
	})
	for _, d := range g.Deadlines {
		if d.Done == nil {
			fmt.Fprintln(a.out, "  "+a.deadlineLine(d))
		}
	}
	return nil
}

// eventError marks what somebody asked for wrongly as wrong usage.
func (a *app) eventError(err error) error {
	var e *transform.Error
	if errors.As(err, &e) && (strings.HasPrefix(e.Code, "event.") || errors.Is(err, transform.ErrUnknownWarning)) {
		return usageError(err)
	}
	return err
}
