package reports

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
)

// listed is how many warnings of a severity the bulletin shows one by one; the others are counted.
var listed = map[Severity]int{Red: 8, Orange: 8, Yellow: 4, Blue: 2}

// shownSenders is how many senders of a stream the table of arrivals names, shownWords how many unmatched
// words, shownDetectors how many township series with an alarm are drawn.
const (
	shownSenders   = 12
	shownStreams   = 2 // of a reason of rejection
	shownWords     = 10
	shownDetectors = 4
)

// page is a Bulletin in the words of one language: everything the template shows, ready to be escaped.
type page struct {
	head
	WarningLead  string
	Severities   []severityGroup
	Addressees   table
	ReadingLead  string
	Cards        []card
	ReadingTable table
	Trends       []figure
	Watch        []figure
	WatchNote    string
	Ranking      *figure
	OtherRanks   []figure
	Arrived      string // heading
	Arrivals     table
	Streams      table
	Late         []warningItem
	LateRest     int
	Rejects      table
	Unmatched    table

	Standings, Missing         table
	StandingsRest, MissingRest string
	Changes                    []string
	Definitions                []definition
	Notes                      []string
}

type severityGroup struct {
	Severity Severity
	Title    string
	Count    string
	Rules    []ruleGroup
	Rest     string
}

type ruleGroup struct {
	Rule     string
	Title    string
	Proposed bool
	Items    []warningItem
}

type warningItem struct {
	Title  string
	Object string // empty where the title names it
	Area   string
	Facts  []string
	New    bool
	Closed bool
	Late   bool // the due date has passed
}

type card struct {
	Indicator, Title, Value, Range, Counts, Target, Gap, Status, StatusText, Trend string
	Rank                                                                           string
	Few                                                                            bool
	Gauge, Spark                                                                   template.HTML
}

type definition struct {
	Title, Text, Version, Clause string
	Unverified                   bool
}

// unverified are the readings whose definition holds a parameter that rests on memory or on a proposal: the 12
// months for which training is valid without a printed date.
var unverified = []string{"T4a", "T4b"}

// newPage puts the words to a bulletin.
func newPage(w words, b *Bulletin) *page {
	year, week := b.Week.Start.ISOWeek()
	p := &page{head: newHead(w, b.Masthead, b.Today, b.Snapshot)}
	p.Title = w.say("report.title_head", "city", cmp.Or(w.in(b.City), w.say("report.city")))
	p.Issue = w.say("report.issue", "year", year, "week", week)
	p.Dates = w.say("report.week_dates", "from", w.date(b.Week.Start), "to", w.date(b.Week.End), "week", week)
	p.Summary = w.summary(b)
	p.warnings(b)
	p.readings(b)
	p.figures(b)
	p.quality(b)
	p.scorecard(b.Quality)
	p.definitions(b)
	return p
}

func (p *page) warnings(b *Bulletin) {
	fresh, open := tally(b.Warnings)
	if fresh.total()+open.total() == 0 {
		p.WarningLead = p.say("report.warnings_empty")
		return
	}
	p.WarningLead = p.say("report.warnings_lead", "fresh", p.count(fresh.total()), "open", p.count(open.total()))
	p.Severities = p.groups(b.Warnings, b.Rules, b.Today)
	p.Addressees = p.addressees(b.Warnings, b.Today)
}

// groups lists warnings by severity and rule, the most important of each severity one by one.
func (w words) groups(warnings []Warning, rules map[string]Rule, today time.Time) []severityGroup {
	fresh, open := tally(warnings)
	var groups []severityGroup
	for _, severity := range Severities() {
		if fresh[severity]+open[severity] == 0 {
			continue
		}
		g := severityGroup{
			Severity: severity, Title: w.say("report.severity_head." + string(severity)),
			Count: w.say("report.severity_total", "fresh", w.count(fresh[severity]), "open", w.count(open[severity])),
		}
		shown, rest, restRules := 0, map[string]int{}, []string{}
		for _, x := range warnings {
			if x.Severity != severity {
				continue
			}
			if shown == listed[severity] {
				if rest[x.Rule] == 0 {
					restRules = append(restRules, x.Rule)
				}
				rest[x.Rule]++
				continue
			}
			shown++
			g.add(ruleGroup{Rule: x.Rule, Title: w.ruleName(rules, x.Rule), Proposed: rules[x.Rule].Proposed}, w.warning(x, today))
		}
		if len(restRules) > 0 {
			slices.SortStableFunc(restRules, func(a, b string) int {
				return cmp.Or(cmp.Compare(rest[b], rest[a]), cmp.Compare(a, b))
			})
			n, parts := 0, []string{}
			for _, rule := range restRules {
				n += rest[rule]
				parts = append(parts, w.say("report.rule_count", "rule", w.ruleName(rules, rule), "n", w.count(rest[rule])))
			}
			g.Rest = w.say("report.rest", "n", w.count(n), "rules", w.list(parts))
		}
		groups = append(groups, g)
	}
	return groups
}

// add puts an item under its rule.
func (g *severityGroup) add(rule ruleGroup, item warningItem) {
	i := slices.IndexFunc(g.Rules, func(r ruleGroup) bool { return r.Rule == rule.Rule })
	if i < 0 {
		i = len(g.Rules)
		g.Rules = append(g.Rules, rule)
	}
	g.Rules[i].Items = append(g.Rules[i].Items, item)
	slices.SortStableFunc(g.Rules, func(a, b ruleGroup) int { return compareRules(a.Rule, b.Rule) })
}

// ruleName is the name of a rule, its code where nothing is known of it.
func (w words) ruleName(rules map[string]Rule, rule string) string {
	return cmp.Or(w.in(rules[rule].Title), rule)
}

func (w words) warning(x Warning, today time.Time) warningItem {
	args := make(map[string]any, len(x.Args)+1)
	args["object"] = x.Object
	for name, value := range x.Args {
		args[name] = value
	}
	// An argument in two languages stands under its name with the language behind it.
	for name, value := range x.Args {
		if base, ok := strings.CutSuffix(name, "_"+string(w.p.Lang())); ok && value != "" {
			args[base] = value
		}
	}
	if name, ok := x.Args["stream"]; ok {
		args["stream"] = w.stream(name)
	}
	if method := x.Args["method"]; method != "" { // of a detector
		args["methods"] = w.p.Text("series.method_"+method, nil)
	}
	item := warningItem{
		Title: w.p.Text("warn."+strings.ToLower(x.Rule)+".title", args), Object: x.Object,
		Area: w.place(x.Area), New: x.New, Closed: !x.Open,
	}
	if strings.Contains(item.Title, item.Object) || item.Object == x.Area.Zh {
		item.Object = ""
	}
	if x.Evidence > 0 {
		item.Facts = append(item.Facts, w.say("report.evidence", "n", w.count(x.Evidence)))
	}
	if len(x.Addressee) > 0 {
		item.Facts = append(item.Facts, w.say("report.addressee_line", "who", w.addresseeList(x.Addressee)))
	}
	if !x.Due.IsZero() {
		due := w.say("report.due_line", "date", w.shortDate(x.Due))
		if x.Open && x.Due.Before(today) {
			due += w.say("report.overdue")
			item.Late = true
		}
		item.Facts = append(item.Facts, due)
	}
	if !x.New && x.Since != "" {
		item.Facts = append(item.Facts, w.say("report.since_line", "week", x.Since))
	}
	return item
}

func (w words) addresseeList(codes []string) string {
	var names []string
	for _, code := range codes {
		names = append(names, w.addressee(code))
	}
	return w.list(names)
}

func (w words) addressee(code string) string {
	key := "report.addressee." + strings.ToLower(strings.ReplaceAll(code, "/", "_"))
	if text := w.say(key); text != "["+key+"]" {
		return text
	}
	return code
}

// addressees counts the open warnings of each addressee.
func (w words) addressees(warnings []Warning, today time.Time) table {
	type load struct {
		code    string
		open    bySeverity
		overdue int
		next    time.Time
	}
	var loads []*load
	for _, x := range warnings {
		if !x.Open {
			continue
		}
		for _, code := range x.Addressee {
			i := slices.IndexFunc(loads, func(l *load) bool { return l.code == code })
			if i < 0 {
				i = len(loads)
				loads = append(loads, &load{code: code, open: bySeverity{}})
			}
			l := loads[i]
			l.open[x.Severity]++
			switch {
			case x.Due.IsZero():
			case x.Due.Before(today):
				l.overdue++
			case l.next.IsZero() || x.Due.Before(l.next):
				l.next = x.Due
			}
		}
	}
	slices.SortFunc(loads, func(a, b *load) int {
		for _, s := range Severities() {
			if c := cmp.Compare(b.open[s], a.open[s]); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.code, b.code)
	})
	t := table{Caption: w.say("report.addressees_caption"), Columns: []string{w.say("report.addressee")}, Numeric: []bool{false}}
	for _, s := range Severities() {
		t.Columns, t.Numeric = append(t.Columns, w.say("report.severity."+string(s))), append(t.Numeric, true)
	}
	t.Columns = append(t.Columns, w.say("report.total"), w.say("report.overdue_count"), w.say("report.next_due"))
	t.Numeric = append(t.Numeric, true, true, true)
	for _, l := range loads {
		row := []string{w.addressee(l.code)}
		for _, s := range Severities() {
			row = append(row, w.count(l.open[s]))
		}
		t.Rows = append(t.Rows, append(row, w.count(l.open.total()), w.count(l.overdue), w.shortDate(l.next)))
	}
	return t
}

func (p *page) readings(b *Bulletin) {
	p.ReadingLead = p.say("report.readings_lead", "year", yearOf(b.Week))
	p.Cards, p.ReadingTable = p.cards(b.Readings)
}

// cards shows each reading as a card and all of them as a table.
func (w words) cards(readings []Reading) ([]card, table) {
	var cards []card
	t := table{Caption: w.say("report.readings_table"), Numeric: []bool{false, true, true, true, true, true, false, true, true}, Columns: []string{
		w.say("report.column_reading"), w.say("report.column_value"), w.say("report.column_counts"), w.say("report.column_interval"),
		w.say("report.column_target"), w.say("report.column_gap"), w.say("report.column_status"), w.say("report.column_missing"), w.say("report.column_as_of"),
	}}
	for _, r := range readings {
		c := card{
			Indicator: r.Indicator, Title: w.in(r.Title), Value: w.value(r.Value, r.Unit, r.Target), Status: r.Status,
			StatusText: w.say("report.status." + r.Status), Gauge: w.gauge(r), Spark: w.spark(r),
		}
		interval, gap := w.interval(r.Value, r.Unit), w.gap(r.Indicator, r.Gap)
		if interval != "" {
			c.Range = w.say("report.ci", "range", interval)
		}
		if r.Unit == "share" && r.Value.D != nil {
			c.Counts = w.of(r.Value.N, *r.Value.D)
			c.Few = *r.Value.D < MinRanked
		}
		if r.Unit == "count" && r.Value.Value != nil {
			c.Value = w.unit(r.Indicator, *r.Value.Value)
		}
		target := w.say("report.none")
		switch {
		case r.Target != nil:
			target = w.target(*r.Target)
			c.Target = w.say("report.target_line", "target", target)
			switch {
			case r.Gap != nil && *r.Gap > 0:
				c.Gap = gap
			case r.Status == "met":
				c.Gap, gap = w.say("report.gap_none"), w.say("report.gap_none")
			}
		case r.Direction == "down":
			c.Target = w.say("report.target_falling")
			target = c.Target
		}
		c.Trend = w.change(r)
		cards = append(cards, c)
		t.Rows = append(t.Rows, []string{
			r.Indicator + " " + c.Title, c.Value, c.Counts, interval, target, gap, c.StatusText,
			w.number(r.Missing), w.iso(r.AsOf),
		})
	}
	return cards, t
}

// change sets a reading beside the one of the year before.
func (w words) change(r Reading) string {
	if len(r.History) < 2 || r.Value.Value == nil {
		return ""
	}
	before := r.History[len(r.History)-2].Value
	if before.Value == nil {
		return ""
	}
	if r.Unit != "share" || before.D == nil || *before.D < MinRanked || r.Value.D == nil || *r.Value.D < MinRanked {
		return w.say("report.change_units", "before", w.value(before, r.Unit, nil))
	}
	if r.Indicator == "T3" && changed(r.History) {
		return w.say("report.change_break", "before", w.value(before, r.Unit, nil))
	}
	points := tenths(100**r.Value.Value) - tenths(100**before.Value)
	sign := "+"
	if points < -0.05 {
		sign, points = "−", -points
	} else if points < 0.05 {
		sign, points = "±", 0
	}
	return w.say("report.change_points", "change", fmt.Sprintf("%s%.1f", sign, points))
}

// changed reports whether a standard changed between the last two readings of the examination rate: GBZ
// 188-2025 took force on 1 August 2026 and freed toluene and xylene from the examination in service.
func changed(history []Point) bool {
	change := time.Date(2026, time.August, 1, 0, 0, 0, 0, time.UTC)
	n := len(history)
	return history[n-2].Period.End.Before(change) && !history[n-1].Period.End.Before(change)
}

func (p *page) figures(b *Bulletin) {
	p.Trends = []figure{
		p.casesFigure("cases-year", "report.figure_cases_year", b.CasesByYear),
		p.shareFigure("short-exposure", b.ShortExposure),
		p.casesFigure("cases-quarter", "report.figure_cases_quarter", b.CasesByQuarter),
	}
	var alarmed []Detector
	towns := 0
	var names []string
	for _, d := range b.Detectors {
		if d.City {
			p.Watch = append(p.Watch, p.detectorFigure(fmt.Sprintf("watch-city-%d", len(p.Watch)+1), d))
			continue
		}
		towns++
		if n := len(d.Weeks); n > 0 && len(d.Weeks[n-1].Alarms) > 0 {
			alarmed = append(alarmed, d)
			names = append(names, p.place(d.Area))
		}
	}
	for i, d := range alarmed {
		if i < shownDetectors {
			p.Watch = append(p.Watch, p.detectorFigure(fmt.Sprintf("watch-%d", i+1), d))
		}
	}
	switch {
	case len(b.Detectors) == 0:
		p.WatchNote = p.say("report.no_series")
	case len(names) > 0:
		p.WatchNote = p.say("report.detectors_alarm", "areas", p.list(names))
	case towns > 0:
		p.WatchNote = p.say("report.detectors_quiet", "n", p.count(towns))
	}
	for i, r := range b.Rankings {
		f := p.rankingFigure("ranking-"+strings.ToLower(r.Indicator), r)
		if note := p.overlap(r); note != "" {
			f.Notes = append(f.Notes, note)
		}
		if i == 0 {
			p.Ranking = &f
			continue
		}
		f.Option = "" // folded away: the picture stands as SVG
		p.OtherRanks = append(p.OtherRanks, f)
	}
}

// overlap counts the places that lie below the first one beyond both intervals.
func (w words) overlap(r Ranking) string {
	var first *Place
	n := 0
	for i := range r.Places {
		place := &r.Places[i]
		switch {
		case place.Rank == 0 || place.Value.Lower == nil || place.Value.Upper == nil:
		case first == nil:
			first = place
		case *place.Value.Upper < *first.Value.Lower:
			n++
		}
	}
	if first == nil {
		return ""
	}
	return w.say("report.ranking_overlap", "n", w.count(n))
}

func (p *page) quality(b *Bulletin) {
	q := b.Quality
	switch {
	case len(q.Arrivals) == 0:
		p.Arrived = p.say("report.quality_arrived_none")
	case q.InWeek:
		p.Arrived = p.say("report.quality_arrived")
	default:
		p.Arrived = p.say("report.quality_arrived_last", "day", p.date(q.From))
	}
	p.Arrivals = p.arrivals(q.Arrivals)
	p.Streams = table{Caption: p.say("report.quality_streams"), Numeric: []bool{false, true, true, true}, Columns: []string{
		p.say("report.column_stream"), p.say("report.column_rows"), p.say("report.column_latest"), p.say("report.column_received"),
	}}
	for _, s := range q.Streams {
		p.Streams.Rows = append(p.Streams.Rows, []string{p.stream(s.Name), p.count(s.Rows), p.iso(s.Latest), p.iso(s.Received)})
	}
	for i, x := range q.Late {
		if i == listed[Orange] {
			p.LateRest = len(q.Late) - i
			break
		}
		p.Late = append(p.Late, p.warning(x, b.Today))
	}
	p.Rejects = p.rejects(q.Rejects)
	p.Unmatched = table{Caption: p.say("report.quality_unmatched"), Numeric: []bool{false, true}, Columns: []string{
		p.say("report.column_word"), p.say("report.column_rows"),
	}}
	rest := q.Open
	for i, u := range q.Unmatched {
		if i == shownWords {
			break
		}
		p.Unmatched.Rows = append(p.Unmatched.Rows, []string{u.Text, p.count(u.Rows)})
		rest -= u.Rows
	}
	if rest > 0 && len(q.Unmatched) > 0 {
		p.Unmatched.Rows = append(p.Unmatched.Rows, []string{p.say("report.more_words"), p.count(rest)})
	}
}

// standingsShown, missingShown and changesShown bound the scorecard in the bulletin; ohwatch quality shows all.
const (
	standingsShown = 12
	missingShown   = 10
	changesShown   = 5
)

// scorecard puts words to the standings of the senders, what is missing and what has changed.
func (p *page) scorecard(q Quality) {
	p.Standings = table{Caption: p.say("report.standings"), Numeric: []bool{false, true, true, true, true, false, true, true}}
	for _, key := range []string{"sender", "read", "valid", "range", "expected", "standing", "filled", "in_time"} {
		p.Standings.Columns = append(p.Standings.Columns, p.say("report.column_"+key))
	}
	share := func(x *float64) string {
		if x == nil {
			return p.say("report.none")
		}
		return p.percent(*x, nil)
	}
	for i, s := range q.Standings {
		if i == standingsShown {
			p.StandingsRest = p.say("report.standings_more", "n", p.count(len(q.Standings)-i))
			break
		}
		span, kept := p.say("report.none"), p.say("report.none")
		if s.Lower != nil && s.Upper != nil {
			span = share(s.Lower) + "–" + share(s.Upper)
		}
		if s.Due > 0 {
			kept = p.count(int(s.DueKept)) + "/" + p.count(int(s.Due))
		}
		p.Standings.Rows = append(p.Standings.Rows, []string{
			s.Sender, p.count(int(s.Read)), share(s.Value), span, share(s.Expected), p.say("report.verdict_" + s.Verdict), share(s.Completeness), kept,
		})
	}
	p.Missing = table{Caption: p.say("report.missing_files"), Numeric: []bool{false, false, false, true, true}, Columns: []string{
		p.say("report.column_sender"), p.say("report.column_stream"), p.say("report.column_period"), p.say("report.column_due"), p.say("report.column_days_late"),
	}}
	for i, m := range q.Missing {
		if i == missingShown {
			p.MissingRest = p.say("report.missing_more", "n", p.count(len(q.Missing)-i))
			break
		}
		p.Missing.Rows = append(p.Missing.Rows, []string{m.Sender, p.stream(m.Stream), m.Period, p.iso(m.DueDate), p.count(int(m.DaysLate))})
	}
	for _, h := range q.Headings[:min(len(q.Headings), changesShown)] {
		p.Changes = append(p.Changes, p.say("report.heading_"+h.Change,
			"sender", h.Sender, "stream", p.stream(h.Stream), "month", h.Month, "heading", h.Heading, "before", h.Before, "n", p.count(int(h.N))))
	}
	for _, d := range q.Drifts[:min(len(q.Drifts), changesShown)] {
		p.Changes = append(p.Changes, p.say("report.drift",
			"sender", d.Sender, "stream", p.stream(d.Stream), "month", d.Month, "field", d.Title, "value", d.Value,
			"was", p.percent(d.Was, nil), "is", p.percent(d.Is, nil), "psi", strconv.FormatFloat(d.PSI, 'f', 2, 64)))
	}
}

// rejects lists the reasons, most frequent first, with the streams in which each occurs most.
func (w words) rejects(rejects []Reject) table {
	t := table{Caption: w.say("report.quality_rejects"), Numeric: []bool{false, false, true}, Columns: []string{
		w.say("report.column_reason"), w.say("report.column_stream"), w.say("report.column_rejected"),
	}}
	type reason struct {
		code    string
		streams []Reject
		rows    int
	}
	var reasons []*reason
	for _, r := range rejects {
		i := slices.IndexFunc(reasons, func(x *reason) bool { return x.code == r.Code })
		if i < 0 {
			i = len(reasons)
			reasons = append(reasons, &reason{code: r.Code})
		}
		reasons[i].rows += r.Rows
		reasons[i].streams = append(reasons[i].streams, r)
	}
	slices.SortFunc(reasons, func(a, b *reason) int { return cmp.Or(cmp.Compare(b.rows, a.rows), cmp.Compare(a.code, b.code)) })
	for _, r := range reasons {
		slices.SortFunc(r.streams, func(a, b Reject) int { return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Stream, b.Stream)) })
		var where []string
		for _, s := range r.streams[:min(len(r.streams), shownStreams)] {
			where = append(where, w.say("report.stream_rows", "stream", w.stream(s.Stream), "n", w.count(s.Rows)))
		}
		if n := len(r.streams) - shownStreams; n > 0 {
			where = append(where, w.say("report.more_streams", "n", w.count(n)))
		}
		t.Rows = append(t.Rows, []string{w.reject(r.code), w.list(where), w.count(r.rows)})
	}
	return t
}

func (w words) stream(name string) string {
	key := "report.stream." + name
	if text := w.say(key); text != "["+key+"]" {
		return text
	}
	return name
}

// arrivals lists what arrived by stream and sender, the smaller senders of a stream in one line, a total below.
func (w words) arrivals(arrivals []Arrival) table {
	t := table{
		Caption: w.say("report.identity_note"), Columns: []string{w.say("report.column_stream"), w.say("report.column_sender")},
		Numeric: []bool{false, false, true, true, true, true, true, true, true, true}, Total: true,
	}
	for _, key := range []string{"files", "read", "loaded", "corrected", "voided", "unchanged", "rejected", "rejected_share"} {
		t.Columns = append(t.Columns, w.say("report.column_"+key))
	}
	row := func(stream, sender string, a Arrival) []string {
		share := w.say("report.none")
		if a.Read > 0 && a.Rejected > 0 {
			share = w.ofRows(a.Rejected, a.Read)
		}
		return []string{
			stream, sender, w.count(a.Files), w.count(a.Read), w.count(a.Loaded), w.count(a.Corrected),
			w.count(a.Voided), w.count(a.Unchanged), w.count(a.Rejected), share,
		}
	}
	add := func(sum *Arrival, a Arrival) {
		sum.Files += a.Files
		sum.Read += a.Read
		sum.Loaded += a.Loaded
		sum.Corrected += a.Corrected
		sum.Voided += a.Voided
		sum.Unchanged += a.Unchanged
		sum.Rejected += a.Rejected
	}
	var all Arrival
	for start := 0; start < len(arrivals); {
		end := start
		for end < len(arrivals) && arrivals[end].Stream == arrivals[start].Stream {
			end++
		}
		group := arrivals[start:end]
		limit := min(len(group), max(1, shownSenders/4))
		var rest Arrival
		for i, a := range group {
			add(&all, a)
			if i >= limit && len(group) > limit+1 {
				add(&rest, a)
				continue
			}
			sender := a.Sender
			if sender == "" {
				sender = w.say("report.sender_unknown")
			}
			t.Rows = append(t.Rows, row(w.stream(a.Stream), sender, a))
		}
		if rest.Files > 0 {
			t.Rows = append(t.Rows, row(w.stream(group[0].Stream), w.say("report.senders_more", "n", w.count(len(group)-limit)), rest))
		}
		start = end
	}
	if len(arrivals) > 0 {
		t.Rows = append(t.Rows, row(w.say("report.total"), "", all))
	}
	return t
}

func (p *page) definitions(b *Bulletin) {
	for _, r := range b.Readings {
		d := definition{
			Title: r.Indicator + " " + p.in(r.Title), Unverified: slices.Contains(unverified, r.Indicator), Text: p.in(r.Meaning),
			Version: p.say("report.definition_version", "variant", r.Variant, "version", r.Version),
		}
		if r.Clause != "" {
			d.Clause = p.say("report.clause_line", "clause", r.Clause)
		}
		p.Definitions = append(p.Definitions, d)
	}
	for _, note := range []string{"interval", "small", "break", "unverified", "people"} {
		p.Notes = append(p.Notes, p.say("report.definition_note_"+note))
	}
}
