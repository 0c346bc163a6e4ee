package reports

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// ReadSituation fills a situation report of the options' period, or the letter to a township, from the warehouse.
// The supplement comes from other parts of the program.
func ReadSituation(ctx context.Context, db *warehouse.DB, kind Kind, area Area, opt Options) (*Situation, error) {
	if !kind.Takes(opt.Period.Kind) {
		return nil, fmt.Errorf("%s report of %s: %w", kind, opt.Period, ErrWrongPeriod)
	}
	s := &Situation{Kind: kind, Period: opt.Period, Today: opt.Today, Masthead: opt.Masthead, Area: area, Revision: opt.Revision}
	r := &situationReader{reader: reader{db: db, opt: opt, b: &Bulletin{}}, s: s}
	var found []struct {
		Name string `ch:"name"`
	}
	if err := db.Select(ctx, &found, "reports_tables", clickhouse.Named("names", append([]string{"dim_employer"}, models...))); err != nil {
		return nil, fmt.Errorf("read the %s report of %s: models: %w", kind, opt.Period, err)
	}
	r.transformed = len(found) == len(models)+1
	for _, part := range []struct {
		name string
		read func(context.Context) error
	}{
		{"snapshot", r.snapshot},
		{"rules", r.rules},
		{"warnings", r.warnings},
		{"cases", r.cases},
		{"readings", r.readings},
		{"townships", r.places},
	} {
		if err := part.read(ctx); err != nil {
			return nil, fmt.Errorf("read the %s report of %s: %s: %w", kind, opt.Period, part.name, err)
		}
	}
	s.Snapshot, s.Rules, s.Warnings = r.b.Snapshot, r.b.Rules, r.b.Warnings
	return s, nil
}

type situationReader struct {
	reader
	s *Situation
}

// warnings reads those of the ISO weeks whose Sunday lies in the period, of a running one up to the present week.
func (r *situationReader) warnings(ctx context.Context) error {
	last := period.Of(r.s.end(), period.Week)
	if last.End.After(r.opt.Period.End) {
		last = last.Prev(1)
	}
	return r.warningsOf(ctx, period.Of(r.opt.Period.Start, period.Week).String(), last.String(), r.s.Area.Code)
}

// cases counts the reported cases. Of a running period the comparisons reach as far as the period has come.
func (r *situationReader) cases(ctx context.Context) error {
	if !r.transformed {
		return nil
	}
	p, end := r.opt.Period, r.s.end()
	before, past := p.Prev(1), p.YearEarlier()
	upTo := func(q period.Period) time.Time {
		if end.Equal(p.End) {
			return q.End
		}
		day := q.Start.AddDate(0, 0, int(end.Sub(p.Start).Hours()/24))
		if day.After(q.End) {
			return q.End
		}
		return day
	}
	var rows []struct {
		Kind    string `ch:"kind"`
		Now     uint64 `ch:"now"`
		Before  uint64 `ch:"before"`
		YearAgo uint64 `ch:"year_ago"`
		HasPast bool   `ch:"has_past"`
	}
	err := r.db.Select(ctx, &rows, "reports_period_cases", clickhouse.Named("area", r.s.Area.Code), day("from", p.Start), day("to", end),
		day("before_from", before.Start), day("before_to", upTo(before)), day("past_from", past.Start), day("past_to", upTo(past)))
	if err != nil {
		return err
	}
	past1 := false
	for _, row := range rows {
		past1 = past1 || row.HasPast
	}
	r.s.HasCases = len(rows) > 0
	r.s.New.HasPast, r.s.Suspected.HasPast = past1, past1
	for _, row := range rows {
		c := Comparison{Now: int(row.Now), Before: int(row.Before), YearAgo: int(row.YearAgo), HasPast: past1}
		if row.Kind == "suspected" {
			r.s.Suspected = c
		} else {
			r.s.New = c
		}
	}
	return nil
}

// periods are those whose readings the report shows: the same period of each year since 2022, those just before it, and
// all years for the long trends.
func (r *situationReader) periods() []string {
	p := r.opt.Period
	var all []string
	add := func(q period.Period) {
		if text := q.String(); !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	for q := p; q.Start.Year() >= firstReadingYear; q = q.YearEarlier() {
		add(q)
	}
	for i := range stepsShown(p.Kind) {
		add(p.Prev(i))
	}
	for y := period.Of(p.Start, period.Year); y.Start.Year() >= firstCaseYear; y = y.Prev(1) {
		add(y)
	}
	return all
}

// stepsShown is how many periods a trend shows.
func stepsShown(kind period.Kind) int {
	switch kind {
	case period.Month:
		return 13
	case period.Quarter:
		return 9
	}
	return 1
}

func (r *situationReader) readings(ctx context.Context) error {
	var rows []readingRow
	err := r.db.Select(ctx, &rows, "reports_values", clickhouse.Named("city", r.opt.CityCode), clickhouse.Named("area", r.s.Area.Code),
		clickhouse.Named("periods", r.periods()))
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
		r.group(rows[start:end])
		start = end
	}
	return nil
}

// group takes the rows of one variant of an indicator.
func (r *situationReader) group(group []readingRow) {
	s, first, kind := r.s, group[0], r.opt.Period.Kind
	if first.Indicator == "T8" {
		s.ShortDust = append(s.ShortDust, Share{Variant: first.Variant, Points: points(group, period.Year, firstCaseYear)})
	}
	if !first.Headline {
		return
	}
	if first.Indicator == "T7" {
		s.CasesByYear = points(group, period.Year, firstCaseYear)
		s.CasesByStep = points(group, kind, firstCaseYear)
		s.CasesByStep = s.CasesByStep[max(0, len(s.CasesByStep)-stepsShown(kind)):]
	}
	at := slices.IndexFunc(group, func(x readingRow) bool { return x.span == r.opt.Period })
	if at < 0 {
		return
	}
	reading := newReading(group[at], group)
	reading.History, reading.Steps = nil, points(group, kind, firstCaseYear)
	for _, p := range reading.Steps {
		if sameSeason(p.Period, r.opt.Period) && p.Period.Start.Year() >= firstReadingYear {
			reading.History = append(reading.History, p)
		}
	}
	reading.Steps = reading.Steps[max(0, len(reading.Steps)-max(stepsShown(kind), len(reading.History))):]
	if headline(first.Indicator) {
		s.Readings = append(s.Readings, reading)
	} else if !strings.HasPrefix(first.Indicator, "T") {
		s.Surveillance = append(s.Surveillance, reading)
	}
}

// sameSeason reports whether two periods are the same part of their years.
func sameSeason(a, b period.Period) bool {
	return a.Kind == b.Kind && (a.Kind == period.Year || a.Start.Month() == b.Start.Month())
}

// places reads where the townships stand, and ranks them.
func (r *situationReader) places(ctx context.Context) error {
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
		Status      string   `ch:"status"`
	}
	if err := r.db.Select(ctx, &rows, "reports_places", clickhouse.Named("period", r.opt.Period.String())); err != nil {
		return err
	}
	for _, row := range rows {
		at := slices.IndexFunc(r.s.Readings, func(x Reading) bool { return x.Indicator == row.Indicator })
		if at < 0 {
			continue
		}
		place := slices.IndexFunc(r.s.Places, func(p Standpoint) bool { return p.Code == row.Place })
		if place < 0 {
			place = len(r.s.Places)
			p := Standpoint{Area: Area{Code: row.Place, Name: message.Text{Zh: row.NameZh, En: row.NameEn}}, Readings: make([]PlaceReading, len(r.s.Readings))}
			for i, x := range r.s.Readings {
				p.Readings[i] = PlaceReading{Indicator: x.Indicator, Status: "no_data"}
			}
			r.s.Places = append(r.s.Places, p)
		}
		r.s.Places[place].Readings[at] = PlaceReading{
			Indicator: row.Indicator, Gap: row.Gap, Status: cmp.Or(row.Status, "no_data"),
			Value: Value{N: row.Numerator, D: row.Denominator, Value: row.Value, Lower: row.Lower, Upper: row.Upper},
		}
	}
	slices.SortStableFunc(r.s.Places, func(a, b Standpoint) int {
		return cmp.Or(compareBool(a.Name.Zh != "", b.Name.Zh != ""), cmp.Compare(a.Code, b.Code))
	})
	r.s.rankPlaces()
	return nil
}

// rankPlaces makes the rankings of the readings with a target out of the townships' readings.
func (s *Situation) rankPlaces() {
	s.Rankings = nil
	for i, reading := range s.Readings {
		if reading.Unit != "share" || reading.Target == nil {
			continue
		}
		out := Ranking{Indicator: reading.Indicator, Title: reading.Title, Target: reading.Target, AsOf: reading.AsOf}
		for _, p := range s.Places {
			x := p.Readings[i]
			if x.Value.Hidden || x.Value.D != nil && *x.Value.D > 0 {
				out.Places = append(out.Places, Place{Code: p.Code, Name: p.Name, Unassigned: p.Name.Zh == "", Value: x.Value, Gap: x.Gap})
			}
		}
		n := rank(out.Places)
		for _, ranked := range out.Places {
			at := slices.IndexFunc(s.Places, func(p Standpoint) bool { return p.Code == ranked.Code })
			s.Places[at].Readings[i].Rank, s.Places[at].Readings[i].Of = ranked.Rank, n
		}
		if n >= minPlaces {
			s.Rankings = append(s.Rankings, out)
		}
	}
	slices.SortStableFunc(s.Rankings, func(a, b Ranking) int { return compareBool(a.Indicator == "T3", b.Indicator == "T3") })
}
