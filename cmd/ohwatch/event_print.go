package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/internal/period"
	"ohwatch/transform"
)

// minuteLayout is how instants of group events are shown.
const minuteLayout = "2006-01-02 15:04"

// minute is an instant in the time of the city.
func minute(t time.Time) string { return t.In(period.Shanghai()).Format(minuteLayout) }

// exerciseMark stands before everything that an exercise shows.
func (a *app) exerciseMark(g transform.GroupEvent) string {
	if g.Exercise {
		return a.text("event.exercise_mark", nil)
	}
	return ""
}

// gradeName is a grade with its name.
func (a *app) gradeName(g transform.Grade) string {
	if g == 0 {
		return a.text("event.grade_none", nil)
	}
	return a.text("event.grade_"+strings.ToLower(g.String()), nil)
}

// countText is a number of persons, a dash where nobody has said it.
func countText(n *uint32) string {
	if n == nil {
		return "—"
	}
	return strconv.FormatUint(uint64(*n), 10)
}

// differenceText is what was entered less what is loaded, with its sign.
func differenceText(n *int64) string {
	if n == nil {
		return "—"
	}
	return fmt.Sprintf("%+d", *n)
}

// deadlineLine says what is asked for until when, and whether it was done.
func (a *app) deadlineLine(d transform.Deadline) string {
	done := "—"
	if d.Done != nil {
		done = minute(*d.Done)
	}
	return a.text("event.deadline_line", map[string]any{
		"name": a.deadlineName(d), "state": a.text("event.deadline_"+d.State, nil), "due": minute(d.Due), "done": done, "rule": d.Rule, "mark": a.unverifiedMark(d.Unverified),
	})
}

// deadlineName is what a deadline asks for.
func (a *app) deadlineName(d transform.Deadline) string {
	return a.text("event.asks_"+d.Name, map[string]any{"grade": d.Grade.String()})
}

func (a *app) unverifiedMark(is bool) string {
	if is {
		return a.text("event.unverified", nil)
	}
	return ""
}

// eventTitle names an event: mark of an exercise, number, kind, place.
func (a *app) eventTitle(g transform.GroupEvent, areas map[string]string) string {
	return a.exerciseMark(g) + a.text("event.title", map[string]any{
		"id": g.ID, "kind": a.text("event.kind_of_"+g.Kind, nil), "place": cmp.Or(g.EmployerName, g.Place, areas[g.Area], g.Area),
	})
}

func newEventListCommand(a *app) *cobra.Command {
	var all, exercises bool
	command := &cobra.Command{
		Use: "list [--all] [--exercises]", Short: a.text("event.list_short", nil), Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := a.eventLog(cmd.Context())
			if err != nil {
				return err
			}
			events, err := log.Events(cmd.Context())
			if err != nil {
				return err
			}
			events = slices.DeleteFunc(events, func(g transform.GroupEvent) bool {
				return g.Exercise && !exercises || g.State == transform.EventClosed && !all
			})
			if a.json {
				return printAll(a, events)
			}
			if len(events) == 0 {
				a.say("event.none", nil)
			}
			return a.printEventList(cmd.Context(), log, events)
		},
	}
	command.Flags().BoolVar(&all, "all", false, a.text("event.flag_all", nil))
	command.Flags().BoolVar(&exercises, "exercises", false, a.text("event.flag_exercises", nil))
	return command
}

// printEventList prints a line an event, and how many acute events of the data nobody follows.
func (a *app) printEventList(ctx context.Context, log *transform.EventLog, events []transform.GroupEvent) error {
	areas, err := a.placeNames(ctx)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, g := range events {
		missed := 0
		for _, d := range g.Deadlines {
			if d.State == transform.DeadlineMissed {
				missed++
			}
		}
		rows = append(rows, []string{
			a.exerciseMark(g) + g.ID, a.text("event.state_"+g.State, nil), a.gradeName(g.Grade), a.text("event.kind_of_"+g.Kind, nil), minute(g.Started),
			cmp.Or(g.EmployerName, g.Place, areas[g.Area], g.Area), countText(g.Counts.Ill), countText(g.Counts.Dead), strconv.Itoa(missed),
		})
	}
	if len(rows) > 0 {
		if err := printTable(a.out, strings.Split(a.text("event.list_head", nil), "|"), rows); err != nil {
			return err
		}
	}
	proposed, err := log.Propose(ctx)
	if err != nil {
		return err
	}
	if n := len(slices.DeleteFunc(proposed, func(d transform.DataEvent) bool { return d.Opened != "" })); n > 0 {
		a.say("event.unfollowed", map[string]any{"n": n})
	}
	return nil
}

// placeNames are the names of the areas, once there are any.
func (a *app) placeNames(ctx context.Context) (map[string]string, error) {
	if ok, err := transform.HasModel(ctx, a.db, "dim_township"); err != nil || !ok {
		return map[string]string{}, err
	}
	names, err := a.areaNames(ctx)
	delete(names, "")
	return names, err
}

// proposeEvents prints the acute events of the loaded data that may be followed, with the command that opens each.
func (a *app) proposeEvents(ctx context.Context) error {
	log, err := a.eventLog(ctx)
	if err != nil {
		return err
	}
	proposed, err := log.Propose(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return printAll(a, proposed)
	}
	if len(proposed) == 0 {
		a.say("event.none_proposed", nil)
		return nil
	}
	var rows [][]string
	for _, d := range proposed {
		next := d.Opened
		if next == "" {
			next = openCommand(d)
		}
		rows = append(rows, []string{
			d.StartDay, a.text("event.kind_of_"+kindOr(d.Kind), nil), d.EmployerName, a.named(d.AgentZh, d.AgentEn), strconv.FormatUint(d.Ill, 10),
			strconv.FormatUint(d.Dead, 10), a.gradeName(d.Grade), strings.Join(d.Warnings, " "), next,
		})
	}
	return printTable(a.out, strings.Split(a.text("event.propose_head", nil), "|"), rows)
}

// openCommand opens an event of the loaded data.
func openCommand(d transform.DataEvent) string {
	if len(d.Warnings) > 0 {
		return "ohwatch event open --from-warning " + d.Warnings[0]
	}
	return "ohwatch event open --from-data " + shellQuote(d.Event)
}

// kindOr is a kind of event that has a name.
func kindOr(kind string) string {
	if slices.Contains(transform.EventKinds(), kind) {
		return kind
	}
	return "other"
}

// showEvent prints an event with its deadlines and its time line.
func (a *app) showEvent(ctx context.Context, id string) error {
	log, err := a.eventLog(ctx)
	if err != nil {
		return err
	}
	g, err := log.Find(ctx, id)
	if err != nil {
		return a.eventError(err)
	}
	if a.json {
		return a.printJSON(eventRecord{g, a.contacts()})
	}
	areas, err := a.placeNames(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, oneLine(a.eventTitle(g, areas)))
	for _, fact := range a.eventFacts(g, areas) {
		fmt.Fprintln(a.out, "  "+oneLine(fact[0]+"  "+fact[1]))
	}
	fmt.Fprintln(a.out, a.text("event.head_deadlines", nil))
	for _, d := range g.Deadlines {
		fmt.Fprintln(a.out, "  "+a.deadlineLine(d))
	}
	fmt.Fprintln(a.out, a.text("event.head_time_line", nil))
	for _, e := range g.Entries {
		fmt.Fprintln(a.out, "  "+oneLine(a.entryLine(e)))
	}
	return nil
}

// eventRecord is an event as JSON, with whom to call.
type eventRecord struct {
	transform.GroupEvent
	Contacts []contact `json:"contacts"`
}

// contact is a desk to call.
type contact struct {
	Office string `json:"office"`
	RoleZh string `json:"role_zh"`
	RoleEn string `json:"role_en"`
	Phone  string `json:"phone"`
}

// contacts are the desks of the configuration, by name.
func (a *app) contacts() []contact {
	list := []contact{}
	names := make([]string, 0, len(a.cfg.Contacts))
	for name := range a.cfg.Contacts {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		c := a.cfg.Contacts[name]
		list = append(list, contact{c.Office, c.RoleZh, c.RoleEn, c.Phone})
	}
	return list
}

// eventFacts are what is known of an event, as pairs of a word and what it is.
func (a *app) eventFacts(g transform.GroupEvent, areas map[string]string) [][2]string {
	fact := func(key, value string) [2]string {
		return [2]string{a.text("event.fact_"+key, nil), cmp.Or(value, "—")}
	}
	facts := [][2]string{
		fact("state", a.text("event.state_"+g.State, nil)), fact("grade", a.gradeText(g)), fact("started", minute(g.Started)), fact("known", minute(g.Known)),
		fact("place", strings.TrimSpace(cmp.Or(areas[g.Area], g.Area)+" "+g.Place)), fact("employer", strings.TrimSpace(g.EmployerName+" "+g.Employer)), fact("agent", g.Agent),
		fact("counts", a.text("event.counts", map[string]any{
			"ill": countText(g.Counts.Ill), "severe": countText(g.Counts.Severe), "dead": countText(g.Counts.Dead), "exposed": countText(g.Counts.Exposed),
		})),
	}
	if g.Data != nil {
		facts = append(facts, fact("loaded", a.text("event.loaded", map[string]any{
			"ill": g.Data.Ill, "dead": g.Data.Dead, "event": g.Data.Event, "ill_difference": differenceText(g.IllDiffers), "dead_difference": differenceText(g.DeadDiffers),
		})))
	}
	if len(g.Persons) > 0 {
		facts = append(facts, fact("persons", strings.Join(g.Persons, " ")))
	}
	if len(g.Warnings) > 0 {
		facts = append(facts, fact("warnings", strings.Join(g.Warnings, " ")))
	}
	for _, t := range g.Thresholds {
		facts = append(facts, fact("threshold", a.thresholdText(t)))
	}
	if g.Closed != nil {
		facts = append(facts, fact("closed", minute(*g.Closed)+" "+g.Outcome))
	}
	return facts
}

// gradeText is the grade that holds, with that of the numbers where they differ.
func (a *app) gradeText(g transform.GroupEvent) string {
	if g.SetGrade == 0 || g.Grade == g.CountedGrade && g.SetGrade == g.CountedGrade {
		return a.gradeName(g.Grade)
	}
	return a.text("event.grade_differs", map[string]any{"grade": a.gradeName(g.Grade), "counted": a.gradeName(g.CountedGrade), "set": a.gradeName(g.SetGrade)})
}

// thresholdText says from which numbers on an event has a grade, and on what that rests.
func (a *app) thresholdText(t transform.Threshold) string {
	key := "event.threshold"
	if t.Ill == 0 && t.Dead == 0 {
		key = "event.threshold_decided"
	}
	return a.text(key, map[string]any{
		"grade": a.gradeName(t.Grade), "ill": t.Ill, "dead": t.Dead, "rule": t.Rule, "version": t.Version, "source": t.Source, "mark": a.unverifiedMark(t.Unverified),
	})
}

// entryLine is an entry on a line: number, when, what, what of it, by whom, and what it corrects.
func (a *app) entryLine(e transform.EventEntry) string {
	parts := []string{fmt.Sprintf("%d", e.Entry), minute(e.Happened), a.text("event.kind_"+e.Kind, nil)}
	if what := a.entryText(e); what != "" {
		parts = append(parts, what)
	}
	parts = append(parts, a.text("event.after", map[string]any{
		"state": a.text("event.state_"+e.AfterState, nil), "grade": cmp.Or(e.AfterGrade.String(), "—"), "ill": e.AfterIll, "dead": e.AfterDead,
	}), e.By+" "+minute(e.At))
	if e.Corrects != 0 {
		parts = append(parts, a.text("event.corrects", map[string]any{"entry": e.Corrects, "reason": e.Reason}))
	}
	if e.CorrectedBy != 0 {
		parts = append(parts, a.text("event.corrected_by", map[string]any{"entry": e.CorrectedBy}))
	}
	return strings.Join(parts, "  ")
}

// entryText is what an entry says.
func (a *app) entryText(e transform.EventEntry) string {
	var parts []string
	for _, c := range []struct {
		key string
		n   *uint32
	}{{"ill", e.Ill}, {"severe", e.Severe}, {"dead", e.Dead}, {"exposed", e.Exposed}} {
		if c.n != nil {
			parts = append(parts, a.text("event.count_"+c.key, map[string]any{"n": *c.n}))
		}
	}
	if e.Grade != 0 {
		parts = append(parts, a.gradeName(e.Grade))
	}
	for _, office := range e.Offices {
		parts = append(parts, a.officeName(office))
	}
	if e.Channel != "" {
		parts = append(parts, a.text("event.channel_"+e.Channel, nil))
	}
	parts = slices.Concat(parts, e.Persons, e.Warnings, e.Attachments)
	if e.Text != "" {
		parts = append(parts, e.Text)
	}
	if e.Corrects == 0 && e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	return strings.Join(parts, " · ")
}

// officeName is the name of an addressee, its code where there is none.
func (a *app) officeName(code string) string {
	key := "report.addressee." + strings.ToLower(code)
	if name := a.text(key, nil); name != "["+key+"]" {
		return name
	}
	return code
}
