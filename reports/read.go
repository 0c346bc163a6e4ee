package reports

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/sql"
	"ohwatch/warehouse"
)

// What a bulletin reaches back to.
const (
	firstCaseYear    = 2018 // of the long trends
	firstReadingYear = 2022 // of the readings: the decision that set the targets
	quartersShown    = 16
	weeksWatched     = 52
	provisionalDays  = 14 // cases may be reported for 15 days, so that the last two weeks can still grow
)

// lateRules are the rules about senders: late cards, silence, odd volume, late reports.
var lateRules = []string{"R38", "R39", "R40", "R41"}

// models that the queries read; before the first transform they do not exist.
var models = []string{
	"fct_case", "stg_case_report", "stg_declaration", "stg_detection", "stg_dose", "stg_employer",
	"stg_exam", "stg_insurance", "stg_training",
}

// Read fills the weekly bulletin of the options' period from the warehouse.
func Read(ctx context.Context, db *warehouse.DB, opt Options) (*Bulletin, error) {
	r := &reader{db: db, opt: opt, b: &Bulletin{Week: opt.Period, Today: opt.Today, Masthead: opt.Masthead}}
	var found []struct {
		Name string `ch:"name"`
	}
	if err := db.Select(ctx, &found, "reports_tables", clickhouse.Named("names", models)); err != nil {
		return nil, fmt.Errorf("read bulletin %s: models: %w", opt.Period, err)
	}
	r.transformed = len(found) == len(models)
	for _, part := range []struct {
		name string
		read func(context.Context) error
	}{
		{"snapshot", r.snapshot},
		{"cases", r.cases},
		{"rules", r.rules},
		{"warnings", r.warnings},
		{"readings", r.readings},
		{"detectors", r.detectors},
		{"quality", r.quality},
		{"scorecard", r.scorecard},
	} {
		if err := part.read(ctx); err != nil {
			return nil, fmt.Errorf("read bulletin %s: %s: %w", opt.Period, part.name, err)
		}
	}
	return r.b, nil
}

// reader collects the parts of one bulletin.
type reader struct {
	db          *warehouse.DB
	opt         Options
	b           *Bulletin
	transformed bool    // the models exist
	minCases    float64 // from which the weekly detectors warn
}

// day binds a date. The driver writes a time.Time as an instant, so a date goes as its text.
func day(name string, d time.Time) any { return clickhouse.Named(name, d.Format(time.DateOnly)) }

// cutoff is the last day that a reading in this bulletin may speak of: the day of evaluation for the bulletin of
// the week just gone, the morning after for an older one.
func (r *reader) cutoff() time.Time {
	end := r.opt.Period.End
	if r.opt.Today.After(end) && !r.opt.Today.After(end.AddDate(0, 0, 7)) {
		return r.opt.Today
	}
	return end.AddDate(0, 0, 1)
}

func (r *reader) snapshot(ctx context.Context) error {
	var batch, batches uint64
	var at time.Time
	var hash string
	if err := r.db.Row(ctx, "reports_snapshot", []any{&batch, &batches, &at, &hash}); err != nil {
		return err
	}
	if batches > 0 {
		r.b.Snapshot = Snapshot{Batch: batch, Batches: int(batches), At: at.UTC(), Hash: hash, Values: r.opt.Values}
	}
	return nil
}

func (r *reader) cases(ctx context.Context) error {
	if !r.transformed {
		return nil
	}
	week := r.opt.Period
	past := week.YearEarlier()
	var rows []struct {
		Kind     string `ch:"kind"`
		Now      uint64 `ch:"now"`
		Before   uint64 `ch:"before"`
		YearAgo  uint64 `ch:"year_ago"`
		YearNow  uint64 `ch:"year_now"`
		YearPast uint64 `ch:"year_past"`
		HasPast  bool   `ch:"has_past"`
	}
	err := r.db.Select(ctx, &rows, "reports_cases", day("from", week.Start), day("to", week.End),
		day("past_from", past.Start), day("past_to", past.End),
		day("year_from", period.Of(week.End, period.Year).Start),
		day("past_year_from", period.Of(week.End, period.Year).Prev(1).Start), day("past_year_to", week.End.AddDate(-1, 0, 0)))
	if err != nil {
		return err
	}
	hasPast := false
	for _, row := range rows {
		hasPast = hasPast || row.HasPast
	}
	c := &r.b.Cases
	c.New.HasPast, c.Suspected.HasPast, c.NewYear.HasPast = hasPast, hasPast, hasPast
	for _, row := range rows {
		count := Comparison{Now: int(row.Now), Before: int(row.Before), YearAgo: int(row.YearAgo), HasPast: hasPast}
		if row.Kind == "suspected" {
			c.Suspected = count
			continue
		}
		c.New = count
		c.NewYear = Comparison{Now: int(row.YearNow), YearAgo: int(row.YearPast), HasPast: hasPast}
	}
	return nil
}

func (r *reader) warnings(ctx context.Context) error {
	week := r.opt.Period.String()
	if err := r.warningsOf(ctx, week, week, ""); err != nil {
		return err
	}
	for _, w := range r.b.Warnings {
		if slices.Contains(lateRules, w.Rule) && w.Open {
			r.b.Quality.Late = append(r.b.Quality.Late, w)
		}
	}
	return nil
}

// warningsOf reads the warnings of the weeks from first to last, of a township or, with an empty area, of the city.
func (r *reader) warningsOf(ctx context.Context, first, last, area string) error {
	var rows []struct {
		ID         string            `ch:"id"`
		Rule       string            `ch:"rule"`
		Severity   string            `ch:"severity"`
		ObjectKind string            `ch:"object_kind"`
		Object     string            `ch:"object"`
		ObjectName string            `ch:"object_name"`
		Area       string            `ch:"area"`
		Addressee  []string          `ch:"addressee"`
		Due        *time.Time        `ch:"due"`
		Score      float64           `ch:"score"`
		Args       map[string]string `ch:"args"`
		Evidence   uint32            `ch:"n_evidence"`
		Since      string            `ch:"since"`
		New        bool              `ch:"is_new"`
		Open       bool              `ch:"is_open"`
		State      string            `ch:"state"`
		AreaZh     string            `ch:"area_zh"`
		AreaEn     string            `ch:"area_en"`
	}
	if err := r.db.Select(ctx, &rows, "reports_warnings", clickhouse.Named("from", first), clickhouse.Named("week", last), clickhouse.Named("area", area)); err != nil {
		return err
	}
	for _, row := range rows {
		w := Warning{
			ID: row.ID, Rule: row.Rule, Severity: Severity(row.Severity), New: row.New, Open: row.Open, State: row.State,
			Object: cmp.Or(row.ObjectName, row.Object), ObjectKind: row.ObjectKind, Area: r.area(row.Area, row.AreaZh, row.AreaEn),
			Addressee: row.Addressee, Since: row.Since, Score: row.Score, Evidence: int(row.Evidence), Args: row.Args,
		}
		if row.Due != nil {
			w.Due = *row.Due
		}
		r.b.Warnings = append(r.b.Warnings, w)
	}
	arrange(r.b.Warnings)
	return nil
}

// arrange puts warnings in the order of the page: by severity, open before settled. Scores of different rules
// cannot be compared, so the rules take turns: the first of each rule, then the second of each. Within a rule
// new ones stand before old ones, then the greater score leads.
func arrange(warnings []Warning) {
	group := func(a, b Warning) int {
		return cmp.Or(
			cmp.Compare(slices.Index(Severities(), a.Severity), slices.Index(Severities(), b.Severity)),
			compareBool(a.Open, b.Open))
	}
	slices.SortFunc(warnings, func(a, b Warning) int {
		return cmp.Or(group(a, b), compareRules(a.Rule, b.Rule), compareBool(a.New, b.New), cmp.Compare(b.Score, a.Score),
			cmp.Compare(b.Evidence, a.Evidence), cmp.Compare(a.ID, b.ID))
	})
	turn := make(map[string]int, len(warnings))
	for i, w := range warnings {
		if i > 0 && warnings[i-1].Rule == w.Rule && group(warnings[i-1], w) == 0 {
			turn[w.ID] = turn[warnings[i-1].ID] + 1
		}
	}
	slices.SortStableFunc(warnings, func(a, b Warning) int {
		return cmp.Or(group(a, b), cmp.Compare(turn[a.ID], turn[b.ID]), compareBool(a.New, b.New))
	})
}

// compareRules orders rules as the rule list does: events and disease first, radiation behind.
func compareRules(a, b string) int {
	return cmp.Or(compareBool(strings.HasPrefix(a, "R"), strings.HasPrefix(b, "R")), cmp.Compare(a, b))
}

// rules reads the titles of the warning rules from their definitions, and whether their source calls a parameter
// a proposal or unverified.
func (r *reader) rules(context.Context) error {
	files, err := sql.Load("rules")
	if err != nil {
		return err
	}
	r.b.Rules = make(map[string]Rule, len(files))
	for _, file := range files {
		if file.Header["detector"] != "" && file.Header["life"] == "event" {
			r.minCases = parameter(file.Header["params"], "min_cases")
		}
		zh, en, _ := strings.Cut(file.Header["title"], "|")
		source := strings.ToLower(file.Header["source"])
		r.b.Rules[file.Name] = Rule{
			Title: message.Text{Zh: strings.TrimSpace(zh), En: strings.TrimSpace(en)},
			Proposed: strings.Contains(source, "proposal") || strings.Contains(source, "(p)") ||
				strings.Contains(source, "memory") || strings.Contains(source, "unverified"),
		}
	}
	return nil
}

// parameter returns a number out of the params header of a rule: "baseline = 7, min_cases = 3"; 0 if it is not there.
func parameter(params, name string) float64 {
	for _, assignment := range strings.Split(params, ",") {
		key, value, _ := strings.Cut(assignment, "=")
		if strings.TrimSpace(key) != name {
			continue
		}
		if x, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err == nil {
			return x
		}
	}
	return 0
}

// compareBool puts true first.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// area names a place: a township by its name, the city by the city's. Anything else is unassigned, the empty text.
func (r *reader) area(code, zh, en string) message.Text {
	if code == r.opt.CityCode {
		return r.opt.Masthead.City
	}
	return message.Text{Zh: zh, En: en}
}

// readingRow is one value of the city.
type readingRow struct {
	Position    uint16    `ch:"position"`
	Indicator   string    `ch:"indicator"`
	Version     string    `ch:"version"`
	Variant     string    `ch:"variant"`
	Headline    bool      `ch:"is_headline"`
	TitleZh     string    `ch:"title_zh"`
	TitleEn     string    `ch:"title_en"`
	MeaningZh   string    `ch:"meaning_zh"`
	MeaningEn   string    `ch:"meaning_en"`
	Unit        string    `ch:"unit"`
	Direction   string    `ch:"direction"`
	Clause      string    `ch:"clause"`
	PeriodKind  string    `ch:"period_kind"`
	Period      string    `ch:"period"`
	AsOf        time.Time `ch:"as_of_date"`
	Numerator   float64   `ch:"numerator"`
	Denominator *float64  `ch:"denominator"`
	Value       *float64  `ch:"value"`
	Lower       *float64  `ch:"lower"`
	Upper       *float64  `ch:"upper"`
	Target      *float64  `ch:"target"`
	Gap         *float64  `ch:"gap"`
	Missing     float64   `ch:"missing"`
	Status      string    `ch:"status"`

	span period.Period
}

func (x readingRow) value() Value {
	return Value{N: x.Numerator, D: x.Denominator, Value: x.Value, Lower: x.Lower, Upper: x.Upper}
}

func (x readingRow) point() Point {
	return Point{Period: x.span, Value: x.value(), Missing: x.Missing, Provisional: x.AsOf.Before(x.span.End)}
}

// headline says whether the bulletin shows the indicator among the nine; T5-I, the dose monitoring outside
// hospitals, is kept for the upward reports, and the S indicators for those who ask.
func headline(indicator string) bool {
	return strings.HasPrefix(indicator, "T") && indicator != "T5-I"
}

func (r *reader) readings(ctx context.Context) error {
	var rows []readingRow
	err := r.db.Select(ctx, &rows, "reports_readings", clickhouse.Named("city", r.opt.CityCode), day("cutoff", r.cutoff()))
	if err != nil {
		return err
	}
	for i := range rows {
		if rows[i].span, err = period.Parse(rows[i].Period); err != nil {
			return fmt.Errorf("%s: %w", rows[i].Indicator, err)
		}
	}
	for start := 0; start < len(rows); {
		end := start
		for end < len(rows) && rows[end].Indicator == rows[start].Indicator && rows[end].Variant == rows[start].Variant {
			end++
		}
		group := rows[start:end]
		start = end
		if group[0].Indicator == "T8" {
			r.b.ShortExposure = append(r.b.ShortExposure, Share{Variant: group[0].Variant, Points: points(group, period.Year, firstCaseYear)})
		}
		if !group[0].Headline {
			continue
		}
		if group[0].Indicator == "T7" {
			r.b.CasesByYear = points(group, period.Year, firstCaseYear)
			quarters := points(group, period.Quarter, firstCaseYear)
			r.b.CasesByQuarter = quarters[max(0, len(quarters)-quartersShown):]
		}
		if headline(group[0].Indicator) {
			chosen := choose(group, group[0].Indicator == "T7" || group[0].Indicator == "T8")
			r.b.Readings = append(r.b.Readings, newReading(chosen, group))
			if err := r.ranking(ctx, chosen); err != nil {
				return err
			}
		}
	}
	slices.SortStableFunc(r.b.Rankings, func(a, b Ranking) int { return compareBool(a.Indicator == "T3", b.Indicator == "T3") })
	return nil
}

// choose takes the reading that speaks of the week: of the running year for the bulletin just due, the last
// period that had ended for an older one. Cases are counted by whole years.
func choose(group []readingRow, flow bool) readingRow {
	best := -1
	for i, x := range group {
		if flow && x.span.Kind != period.Year {
			continue
		}
		if best < 0 || x.AsOf.After(group[best].AsOf) || x.AsOf.Equal(group[best].AsOf) && x.span.Kind < group[best].span.Kind {
			best = i
		}
	}
	if best < 0 {
		best = len(group) - 1
	}
	return group[best]
}

func newReading(x readingRow, group []readingRow) Reading {
	out := Reading{
		Indicator: x.Indicator, Version: x.Version, Variant: x.Variant,
		Title: message.Text{Zh: x.TitleZh, En: x.TitleEn}, Meaning: message.Text{Zh: x.MeaningZh, En: x.MeaningEn}, Clause: x.Clause,
		Unit: x.Unit, Direction: x.Direction, Value: x.value(), AsOf: x.AsOf, Target: x.Target, Gap: x.Gap, Missing: x.Missing,
		Status: cmp.Or(x.Status, "no_data"),
	}
	for _, p := range points(group, period.Year, firstReadingYear) {
		if p.Period.Start.Year() < x.span.Start.Year() {
			out.History = append(out.History, p)
		}
	}
	out.History = append(out.History, x.point())
	return out
}

// points returns the values of one kind of period in time order.
func points(group []readingRow, kind period.Kind, firstYear int) []Point {
	var out []Point
	for _, x := range group {
		if x.span.Kind == kind && x.span.Start.Year() >= firstYear {
			out = append(out, x.point())
		}
	}
	slices.SortFunc(out, func(a, b Point) int { return a.Period.Start.Compare(b.Period.Start) })
	return out
}

// minPlaces is the smallest number of ranked places that makes a comparison.
const minPlaces = 3

func (r *reader) ranking(ctx context.Context, x readingRow) error {
	if x.Unit != "share" || x.Target == nil {
		return nil
	}
	var rows []struct {
		Indicator   string   `ch:"indicator"`
		Place       string   `ch:"place"`
		NameZh      string   `ch:"name_zh"`
		NameEn      string   `ch:"name_en"`
		Numerator   float64  `ch:"numerator"`
		Denominator *float64 `ch:"denominator"`
		Value       *float64 `ch:"value"`
		Lower       *float64 `ch:"lower"`
		Upper       *float64 `ch:"upper"`
		Gap         *float64 `ch:"gap"`
	}
	err := r.db.Select(ctx, &rows, "reports_ranking", clickhouse.Named("indicator", x.Indicator), clickhouse.Named("period", x.Period))
	if err != nil {
		return err
	}
	out := Ranking{Indicator: x.Indicator, Title: message.Text{Zh: x.TitleZh, En: x.TitleEn}, Target: x.Target, AsOf: x.AsOf}
	for _, row := range rows {
		if row.Denominator == nil || *row.Denominator == 0 {
			continue
		}
		out.Places = append(out.Places, Place{
			Code: row.Place, Name: message.Text{Zh: row.NameZh, En: row.NameEn},
			Unassigned: row.NameZh == "", Gap: row.Gap,
			Value: Value{N: row.Numerator, D: row.Denominator, Value: row.Value, Lower: row.Lower, Upper: row.Upper},
		})
	}
	if rank(out.Places) >= minPlaces {
		r.b.Rankings = append(r.b.Rankings, out)
	}
	return nil
}

// rank orders places by their value, those without a rank behind, and returns how many are ranked. Equal
// values share a rank.
func rank(places []Place) int {
	ranked := func(p Place) bool {
		return !p.Unassigned && p.Value.Value != nil && p.Value.D != nil && *p.Value.D >= MinRanked
	}
	slices.SortStableFunc(places, func(a, b Place) int {
		if c := cmp.Or(compareBool(ranked(a), ranked(b)), compareBool(!a.Unassigned, !b.Unassigned)); c != 0 {
			return c
		}
		if ranked(a) {
			return cmp.Or(cmp.Compare(*b.Value.Value, *a.Value.Value), cmp.Compare(a.Code, b.Code))
		}
		return cmp.Compare(a.Code, b.Code)
	})
	n := 0
	for i := range places {
		if !ranked(places[i]) {
			break
		}
		n++
		places[i].Rank = n
		if i > 0 && *places[i].Value.Value == *places[i-1].Value.Value {
			places[i].Rank = places[i-1].Rank
		}
	}
	return n
}

func (r *reader) detectors(ctx context.Context) error {
	var rows []struct {
		Series      string    `ch:"series"`
		Stratum     string    `ch:"stratum"`
		NameZh      string    `ch:"name_zh"`
		NameEn      string    `ch:"name_en"`
		Start       time.Time `ch:"week_start"`
		Observed    float64   `ch:"observed"`
		Expected    *float64  `ch:"expected"`
		Threshold   *float64  `ch:"threshold"`
		P           *float64  `ch:"p"`
		Alarm       bool      `ch:"alarm"`
		Method      string    `ch:"method"`
		Provisional bool      `ch:"is_provisional"`
		Nowcast     *float64  `ch:"nowcast"`
		NowcastLow  *float64  `ch:"nowcast_lower"`
		NowcastHigh *float64  `ch:"nowcast_upper"`
		Reported    *float64  `ch:"share_reported"`
	}
	shown, err := shownSeries()
	if err != nil {
		return err
	}
	last := r.opt.Period
	err = r.db.Select(ctx, &rows, "reports_detectors", day("from", last.Next(1-weeksWatched).Start), day("to", last.Start),
		clickhouse.Named("min_cases", r.minCases), clickhouse.Named("series", slices.Sorted(maps.Keys(shown))))
	if err != nil {
		return err
	}
	var out []Detector
	for _, row := range rows {
		city := row.Stratum == r.opt.CityCode
		if shown[row.Series].cityOnly && !city {
			continue
		}
		if n := len(out); n == 0 || out[n-1].code != row.Stratum || out[n-1].Series != row.Series {
			out = append(out, Detector{
				Series: row.Series, Title: shown[row.Series].title, code: row.Stratum, City: city, Area: r.area(row.Stratum, row.NameZh, row.NameEn),
			})
		}
		d := &out[len(out)-1]
		week := DetectorWeek{
			Week: period.Of(row.Start, period.Week), Observed: row.Observed, Expected: row.Expected, Threshold: row.Threshold, P: row.P,
			Nowcast: row.Nowcast, NowcastLow: row.NowcastLow, NowcastHigh: row.NowcastHigh, Reported: row.Reported,
		}
		week.Provisional = row.Provisional || week.Week.End.After(r.cutoff().AddDate(0, 0, -provisionalDays))
		if row.Alarm {
			week.Alarms = []string{row.Method}
		}
		d.Weeks = append(d.Weeks, week)
	}
	// A series whose last week is not this one says nothing of this week.
	for i := range out {
		if n := len(out[i].Weeks); out[i].Weeks[n-1].Week != last {
			out[i].Weeks[n-1].Alarms = nil
		}
	}
	slices.SortStableFunc(out, func(a, b Detector) int { return compareBool(a.City, b.City) })
	r.b.Detectors = out
	return nil
}

// chart says what of a series the bulletin draws.
type chart struct {
	title    message.Text
	cityOnly bool // otherwise the townships with an alarm as well
}

// shownSeries are the series whose header names the bulletin, by id.
func shownSeries() (map[string]chart, error) {
	files, err := sql.Load("series")
	if err != nil {
		return nil, err
	}
	shown := map[string]chart{}
	for _, f := range files {
		if of := f.Header["bulletin"]; of != "" {
			zh, en, _ := strings.Cut(f.Header["title"], "|")
			shown[f.Name] = chart{message.Text{Zh: strings.TrimSpace(zh), En: strings.TrimSpace(en)}, of == "city"}
		}
	}
	return shown, nil
}

func (r *reader) quality(ctx context.Context) error {
	q := &r.b.Quality
	q.InWeek, q.From, q.To = true, r.opt.Period.Start, r.cutoff()
	if err := r.arrivals(ctx); err != nil {
		return err
	}
	if len(q.Arrivals) == 0 {
		var batches uint64
		var last time.Time
		if err := r.db.Row(ctx, "reports_last_load", []any{&batches, &last}); err != nil {
			return err
		}
		if batches > 0 {
			q.InWeek, q.From, q.To = false, last, last
			if err := r.arrivals(ctx); err != nil {
				return err
			}
		}
	}
	var rejects []struct {
		Stream string `ch:"stream"`
		Code   string `ch:"code"`
		Rows   uint64 `ch:"n_rows"`
	}
	if err := r.db.Select(ctx, &rejects, "reports_rejects", day("from", q.From), day("to", q.To)); err != nil {
		return err
	}
	for _, row := range rejects {
		q.Rejects = append(q.Rejects, Reject{Stream: row.Stream, Code: row.Code, Rows: int(row.Rows)})
	}
	if !r.transformed {
		return nil
	}
	var streams []struct {
		Stream   string     `ch:"stream"`
		Rows     uint64     `ch:"n_rows"`
		Newest   *time.Time `ch:"newest"`
		Received *time.Time `ch:"received"`
	}
	if err := r.db.Select(ctx, &streams, "reports_streams", day("today", r.opt.Today)); err != nil {
		return err
	}
	for _, row := range streams {
		s := Stream{Name: row.Stream, Rows: int(row.Rows)}
		if row.Newest != nil {
			s.Latest = *row.Newest
		}
		if row.Received != nil {
			s.Received = *row.Received
		}
		q.Streams = append(q.Streams, s)
	}
	var words []struct {
		Word string `ch:"word"`
		Rows uint64 `ch:"n_rows"`
		All  uint64 `ch:"all_rows"`
	}
	if err := r.db.Select(ctx, &words, "reports_unmatched"); err != nil {
		return err
	}
	for _, row := range words {
		q.Unmatched = append(q.Unmatched, Unmatched{Text: row.Word, Rows: int(row.Rows)})
		q.Open = int(row.All)
	}
	return nil
}

func (r *reader) arrivals(ctx context.Context) error {
	q := &r.b.Quality
	var rows []struct {
		Stream    string `ch:"stream"`
		Sender    string `ch:"from_whom"`
		Files     uint64 `ch:"files"`
		Read      uint64 `ch:"n_read"`
		Loaded    uint64 `ch:"n_loaded"`
		Corrected uint64 `ch:"n_corrected"`
		Voided    uint64 `ch:"n_voided"`
		Unchanged uint64 `ch:"n_unchanged"`
		Rejected  uint64 `ch:"n_rejected"`
	}
	if err := r.db.Select(ctx, &rows, "reports_arrivals", day("from", q.From), day("to", q.To)); err != nil {
		return err
	}
	for _, row := range rows {
		q.Arrivals = append(q.Arrivals, Arrival{
			Stream: row.Stream, Sender: row.Sender, Files: int(row.Files), Read: int(row.Read),
			Loaded: int(row.Loaded), Corrected: int(row.Corrected), Voided: int(row.Voided), Unchanged: int(row.Unchanged), Rejected: int(row.Rejected),
		})
	}
	return nil
}
