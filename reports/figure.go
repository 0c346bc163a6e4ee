package reports

import (
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"ohwatch/internal/period"
)

// figure is one picture in all its forms. The option feeds ECharts on the screen, the SVG stands in print
// and where scripts are off, the table holds the same figures as text.
type figure struct {
	ID     string
	Title  string
	Alt    string // what a reader who sees no picture must know
	Notes  []string
	Option template.JS   // JSON, safe inside a script element
	SVG    template.HTML // empty: nothing to draw
	Tall   bool          // ranking: height grows with its lines
	Table  table
}

// table is a table of texts. The first column holds the row headings.
type table struct {
	Caption string
	Columns []string
	Numeric []bool // by column: right-aligned
	Rows    [][]string
	Classes [][]string // of each cell as Rows; nil: none
	Total   bool       // the last row is a total
}

// series is a chart over equal steps of time.
type series struct {
	id     string
	labels []string
	axis   string  // unit at the axis
	whole  bool    // the axis shows whole numbers only
	floor  float64 // where the axis begins; bars begin at 0
	top    float64 // where it ends at most; 0: wherever the marks do
	breaks []int   // steps before which the standard changed
	layers []layer
}

type layerKind int

const (
	bars layerKind = iota
	line
	threshold
	alarms
)

// layer is one kind of mark through a series.
type layer struct {
	name  string
	kind  layerKind
	color int // of the palette, from 1
	marks []mark
	texts bool // the values stand beside the marks
}

// mark is one value of a layer. Values are already rounded as their text shows them.
type mark struct {
	ok        bool // false: missing, a gap
	value     float64
	low, high float64
	interval  bool
	hollow    bool // provisional or unranked
	label     string
	text      string // the whole statement, for the tooltip
}

// ranks is a chart of places with intervals.
type ranks struct {
	id     string
	names  []string
	marks  []mark
	target *float64 // percent
	value  string   // name of the value
	within string   // name of the interval
	goal   string   // name of the target
}

func (w words) casesFigure(id, title string, points []Point) figure {
	f := figure{ID: id, Title: w.say(title), Notes: []string{w.say("report.provisional_note")}}
	s := series{id: id, axis: w.say("report.axis_cases"), whole: true}
	cases := layer{name: w.say("report.series_cases"), kind: bars, color: 1, texts: len(points) <= 14}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true, false}, Columns: []string{
		w.say("report.column_period"),
		w.say("report.column_cases"), w.say("report.column_interval"), w.say("report.column_provisional"),
	}}
	for _, p := range points {
		name := w.periodName(p.Period)
		s.labels = append(s.labels, name)
		note := ""
		if p.Provisional {
			note = w.say("report.provisional")
		}
		m := mark{}
		n := w.value(p.Value, "count", nil)
		if p.Value.Value != nil {
			n = w.number(p.Value.N)
			m = mark{
				ok: true, value: p.Value.N, hollow: p.Provisional, label: n,
				text: w.say("report.point_cases_text", "period", name, "n", w.unit("T7", p.Value.N)),
			}
		}
		cases.marks = append(cases.marks, m)
		f.Table.Rows = append(f.Table.Rows, []string{name, n, w.interval(p.Value, "count"), note})
	}
	s.layers = []layer{cases}
	w.finish(&f, s, cases)
	return f
}

func (w words) shareFigure(id string, shares []Share) figure {
	f := figure{
		ID: id, Title: w.say("report.figure_short"),
		Notes: []string{w.say("report.short_note"), w.say("report.provisional_note")},
	}
	s := series{id: id, axis: w.say("report.axis_share")}
	f.Table = table{Caption: f.Title, Columns: []string{w.say("report.column_period")}, Numeric: []bool{false}}
	var years []period.Period
	for _, share := range shares {
		for _, p := range share.Points {
			if !slices.Contains(years, p.Period) {
				years = append(years, p.Period)
			}
		}
	}
	slices.SortFunc(years, func(a, b period.Period) int { return a.Start.Compare(b.Start) })
	f.Table.Rows = make([][]string, len(years))
	for i, year := range years {
		s.labels = append(s.labels, w.periodName(year))
		f.Table.Rows[i] = []string{w.periodName(year)}
	}
	for i, share := range shares {
		name := w.say("report.series_share." + share.Variant)
		l := layer{name: name, kind: line, color: i + 1, marks: make([]mark, len(years))}
		f.Table.Columns = append(f.Table.Columns, name, w.say("report.column_counts"), w.say("report.column_interval"))
		f.Table.Numeric = append(f.Table.Numeric, true, true, true)
		for j, year := range years {
			cells := []string{w.say("report.no_data"), "", ""}
			if k := slices.IndexFunc(share.Points, func(p Point) bool { return p.Period == year }); k >= 0 {
				p := share.Points[k]
				l.marks[j] = w.shareMark(p, w.periodName(year))
				cells = w.shareCells(p)
			}
			f.Table.Rows[j] = append(f.Table.Rows[j], cells...)
		}
		s.layers = append(s.layers, l)
	}
	head := layer{}
	if len(s.layers) > 0 {
		head = s.layers[0]
	}
	w.finish(&f, s, head)
	return f
}

func (w words) shareMark(p Point, name string) mark {
	if p.Value.Value == nil || p.Value.D == nil {
		return mark{}
	}
	text := w.value(p.Value, "share", nil)
	m := mark{
		ok: true, value: tenths(100 * *p.Value.Value), hollow: p.Provisional, label: text,
		text: w.say("report.point_share_text", "period", name, "value", text,
			"of", w.of(p.Value.N, *p.Value.D), "range", w.interval(p.Value, "share")),
	}
	if p.Value.Lower != nil && p.Value.Upper != nil {
		m.interval, m.low, m.high = true, tenths(100**p.Value.Lower), tenths(100**p.Value.Upper)
	}
	return m
}

func (w words) shareCells(p Point) []string {
	if p.Value.Value == nil || p.Value.D == nil {
		return []string{w.value(p.Value, "share", nil), "", ""}
	}
	return []string{w.value(p.Value, "share", nil), w.of(p.Value.N, *p.Value.D), w.interval(p.Value, "share")}
}

func (w words) detectorFigure(id string, d Detector) figure {
	f := figure{
		ID: id, Title: w.say("report.figure_detector", "area", w.place(d.Area), "series", w.in(d.Title)),
		Notes: []string{w.alarmNote(d), w.say("report.detector_note"), w.say("report.provisional_note")},
	}
	s := series{id: id, axis: w.say("report.axis_cases"), whole: true}
	seen := layer{name: w.say("report.series_reported"), kind: bars, color: 1}
	cast := layer{name: w.say("report.series_nowcast"), kind: line, color: 1}
	limit := layer{name: w.say("report.series_threshold"), kind: threshold, color: 3}
	alarm := layer{name: w.say("report.series_alarm"), kind: alarms, color: 2}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true, true, true, true, true, false, false}, Columns: []string{
		w.say("report.column_week"), w.say("report.series_reported"), w.say("report.series_nowcast"), w.say("report.column_interval"), w.say("report.column_expected_cases"),
		w.say("report.column_threshold"), w.say("report.column_p"), w.say("report.column_alarm"), w.say("report.column_provisional"),
	}}
	byWeek := map[period.Period]DetectorWeek{}
	for _, week := range d.Weeks {
		byWeek[week.Week] = week
	}
	var weeks []period.Period
	if n := len(d.Weeks); n > 0 {
		weeks = period.Between(d.Weeks[0].Week.Start, d.Weeks[n-1].Week.Start, period.Week)
	}
	late := false
	for _, p := range weeks {
		name := p.String()
		week, ok := byWeek[p]
		m := w.detectorMarks(name, week, ok)
		late = late || m.nowcast.ok
		s.labels = append(s.labels, name)
		seen.marks, cast.marks = append(seen.marks, m.observed), append(cast.marks, m.nowcast)
		limit.marks, alarm.marks = append(limit.marks, m.threshold), append(alarm.marks, m.alarm)
		f.Table.Rows = append(f.Table.Rows, m.row)
	}
	s.layers = []layer{seen, limit, alarm}
	if late {
		s.layers = []layer{seen, cast, limit, alarm}
		f.Notes = append(f.Notes, w.say("report.nowcast_note"))
	}
	w.finish(&f, s, seen)
	return f
}

// weekMarks is what a week of a detector puts into a chart and its table.
type weekMarks struct {
	observed, nowcast, threshold, alarm mark
	row                                 []string
}

// detectorMarks draws a week; ok is false for one that is missing in the data.
func (w words) detectorMarks(name string, week DetectorWeek, ok bool) (m weekMarks) {
	m.row = []string{name, w.say("report.no_data"), "", "", "", "", "", "", ""}
	if !ok {
		return m
	}
	m.row[1] = w.number(week.Observed)
	m.observed = mark{
		ok: true, value: week.Observed, hollow: week.Provisional, label: m.row[1],
		text: w.say("report.point_cases_text", "period", name, "n", w.unit("T7", week.Observed)),
	}
	if week.Nowcast != nil && week.NowcastLow != nil && week.NowcastHigh != nil && week.Reported != nil {
		m.row[2] = w.number(*week.Nowcast)
		m.row[3] = w.say("report.nowcast_interval", "low", w.number(*week.NowcastLow), "high", w.number(*week.NowcastHigh))
		m.nowcast = mark{
			ok: true, value: *week.Nowcast, low: *week.NowcastLow, high: *week.NowcastHigh, interval: true, hollow: true, label: m.row[2],
			text: w.say("report.point_nowcast_text", "period", name, "n", m.row[2], "range", m.row[3]),
		}
	}
	if week.Expected != nil {
		m.row[4] = w.number(hundredths(*week.Expected))
	}
	if week.Threshold != nil {
		m.row[5] = w.number(tenths(*week.Threshold))
		m.threshold = mark{
			ok: true, value: tenths(*week.Threshold), label: m.row[5],
			text: w.say("report.point_threshold_text", "period", name, "n", m.row[5]),
		}
	}
	if week.P != nil {
		m.row[6] = probability(*week.P)
	}
	if len(week.Alarms) > 0 {
		m.row[7] = w.methods(week.Alarms)
		m.alarm = mark{ok: true, value: week.Observed, label: m.row[1], text: m.observed.text + " · " + m.row[7]}
	}
	if week.Provisional {
		m.row[8] = w.say("report.provisional")
		if week.Reported != nil {
			m.row[8] = w.say("report.provisional_share", "share", w.number(math.Round(100**week.Reported)))
		}
	}
	return m
}

// methods names the detectors.
func (w words) methods(names []string) string {
	var all []string
	for _, name := range names {
		all = append(all, w.say("series.method_"+name))
	}
	return w.list(all)
}

// probability writes a p-value with two significant digits.
func probability(p float64) string {
	if p < 1e-4 {
		return "<0.0001"
	}
	return strconv.FormatFloat(p, 'g', 2, 64)
}

func hundredths(x float64) float64 { return math.Round(100*x) / 100 }

func (w words) alarmNote(d Detector) string {
	if n := len(d.Weeks); n > 0 && len(d.Weeks[n-1].Alarms) > 0 {
		return w.say("report.detector_alarm", "methods", w.methods(d.Weeks[n-1].Alarms))
	}
	return w.say("report.detector_quiet")
}

// finish draws a series and writes what it shows; head is the layer that the description speaks of.
func (w words) finish(f *figure, s series, head layer) {
	first, last, most := -1, -1, -1
	for i, m := range head.marks {
		if !m.ok {
			continue
		}
		if first < 0 {
			first = i
		}
		last = i
		if most < 0 || m.value > head.marks[most].value {
			most = i
		}
	}
	if last < 0 {
		f.Alt, f.Notes = w.say("report.alt_empty", "title", f.Title), nil
		return
	}
	f.Alt = w.say("report.alt_series", "title", f.Title, "from", s.labels[first], "to", s.labels[len(s.labels)-1],
		"last", head.marks[last].text, "most", head.marks[most].text)
	f.Option = s.option()
	f.SVG = s.svg(f.Alt)
}

func (w words) rankingFigure(id string, r Ranking) figure {
	title := w.in(r.Title)
	f := figure{ID: id, Title: w.say("report.figure_ranking", "title", title), Tall: true}
	c := ranks{id: id, value: w.say("report.series_value"), within: w.say("report.series_interval")}
	if r.Target != nil {
		t := 100 * *r.Target
		c.target, c.goal = &t, w.say("report.target_line", "target", w.target(*r.Target))
	}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true, true, true, true}, Columns: []string{
		w.say("report.column_place"),
		w.say("report.column_rank"), w.say("report.column_value"), w.say("report.column_counts"),
		w.say("report.column_interval"), w.say("report.column_gap"),
	}}
	for _, p := range r.Places {
		name, rank := w.place(p.Name), w.say("report.not_ranked")
		label := name
		if p.Rank > 0 {
			rank = w.count(p.Rank)
			label = rank + " " + name
		}
		counts, value := "", w.value(p.Value, "share", r.Target)
		if p.Value.D != nil {
			counts = w.of(p.Value.N, *p.Value.D)
		}
		f.Table.Rows = append(f.Table.Rows, []string{name, rank, value, counts, w.interval(p.Value, "share"), w.gap(r.Indicator, p.Gap)})
		if p.Value.Value == nil || p.Value.D == nil || *p.Value.D < MinRanked {
			continue
		}
		m := mark{
			ok: true, value: tenths(100 * *p.Value.Value), hollow: p.Rank == 0, label: value,
			text: w.say("report.place_text", "name", name, "value", value, "of", counts, "range", w.interval(p.Value, "share")),
		}
		if p.Value.Lower != nil && p.Value.Upper != nil {
			m.interval, m.low, m.high = true, tenths(100**p.Value.Lower), tenths(100**p.Value.Upper)
		}
		c.names, c.marks = append(c.names, label), append(c.marks, m)
	}
	if len(c.marks) == 0 {
		f.Alt = w.say("report.alt_empty", "title", f.Title)
		return f
	}
	lowest := 0
	for i, m := range c.marks {
		if m.value < c.marks[lowest].value {
			lowest = i
		}
	}
	f.Alt = w.say("report.alt_ranking", "title", f.Title, "n", w.count(len(c.marks)), "first", c.marks[0].text, "last", c.marks[lowest].text)
	f.Option = c.option()
	f.SVG = c.svg(f.Alt)
	return f
}

// scale returns the upper end of an axis from zero that holds the highest mark, and its step.
func (s series) scale() (top, step float64) {
	highest := 0.0
	for _, l := range s.layers {
		for _, m := range l.marks {
			if m.ok {
				highest = max(highest, m.value, m.high)
			}
		}
	}
	top, step = niceTop(highest-s.floor, s.whole)
	top += s.floor
	if s.top > 0 {
		top = min(top, s.top)
	}
	return top, step
}

// lowest returns where the axis of a line of shares may begin, a step of it under all marks.
func (s series) lowest() float64 {
	low := 90.0
	for _, l := range s.layers {
		for _, m := range l.marks {
			if !m.ok {
				continue
			}
			low = min(low, m.value)
			if m.interval {
				low = min(low, m.low)
			}
		}
	}
	_, step := niceTop(100-low, false)
	return max(0, step*math.Floor(low/step))
}

// niceTop rounds the end of an axis up to a step of 1, 2 or 5 times a power of ten, with at most five steps.
func niceTop(highest float64, whole bool) (top, step float64) {
	if highest <= 0 {
		highest = 1
	}
	step = math.Pow(10, math.Floor(math.Log10(highest/5)))
	for _, k := range []float64{1, 2, 5, 10} {
		if highest/(step*k) <= 5 {
			step *= k
			break
		}
	}
	if whole {
		step = max(step, 1)
	}
	return step * math.Ceil(highest/step-1e-9), step
}

// floor returns the lower end of the axis of a ranking, a multiple of ten percent.
func (r ranks) floor() float64 {
	low := 100.0
	for _, m := range r.marks {
		low = min(low, m.value)
		if m.interval {
			low = min(low, m.low)
		}
	}
	if r.target != nil {
		low = min(low, *r.target)
	}
	return max(0, 10*math.Floor(low/10))
}

// rows is a chart of named counts as bars from zero.
type rows struct {
	id    string
	names []string
	marks []mark
	name  string // of the series
	axis  string // unit at the axis
}

// scale returns the upper end of the axis and its step.
func (r rows) scale() (top, step float64) {
	highest := 0.0
	for _, m := range r.marks {
		if m.ok {
			highest = max(highest, m.value)
		}
	}
	return niceTop(highest, true)
}

// Class is the class of a cell in the page: that of its column with its own.
func (t table) Class(row, column int) string {
	class := ""
	if t.Numeric[column] {
		class = "n"
	}
	if t.Classes != nil && t.Classes[row][column] != "" {
		class += " " + t.Classes[row][column]
	}
	return strings.TrimSpace(class)
}
