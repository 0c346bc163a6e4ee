package simulate

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"ohwatch/sql"
)

// Codes of the areas that are no township.
const (
	areaCity       = "410184"
	areaUnassigned = "unassigned" // employers that the roster places nowhere, discovered ones, patients without employer
)

// The truth about the indicators, counted on the people and workplaces of the city, never on its files. The definitions are
// those of the indicator papers; what is counted is what had reached the city by the end of its papers, read on the
// last day of a year, or in a running year on the day after the last papers. Employers are taken as the last roster
// shows them: township, status, person in charge and managers of today, also in the readings of earlier years.

// IndicatorTruth is one true reading.
type IndicatorTruth struct {
	Indicator   string  `json:"indicator"`
	Variant     string  `json:"variant"`
	Period      string  `json:"period"` // year
	AsOf        string  `json:"as_of"`
	Area        string  `json:"area"` // city code, township code or unassigned
	Numerator   float64 `json:"numerator"`
	Denominator *int    `json:"denominator"` // nil for plain counts
}

// Truth is what is really in the files.
type Truth struct {
	Seed       uint64           `json:"seed"`
	Until      string           `json:"until"`
	Indicators []IndicatorTruth `json:"indicators"`
	Events     []Event          `json:"events"`
	Files      []FileTruth      `json:"files"`
	Persons    []PersonTruth    `json:"persons"`
}

// PersonTruth is one person of the city.
type PersonTruth struct {
	IDNo string `json:"id_no"`
	Name string `json:"name"`
}

func writeTruth(w io.Writer, c *city, files []FileTruth) error {
	t := Truth{Seed: c.seed, Until: c.until.String(), Indicators: c.indicators(), Events: c.events, Files: files, Persons: []PersonTruth{}}
	if t.Events == nil {
		t.Events = []Event{}
	}
	for _, p := range c.persons {
		t.Persons = append(t.Persons, PersonTruth{p.idNo, p.name})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(t)
}

// Explain lists what stands behind one true reading, one line for each unit that counts: who, and what it adds to
// numerator and denominator. It lives the city again.
func Explain(ctx context.Context, opt Options, indicator, variant, area string, year int) ([]string, error) {
	opt.Out = "-"
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	c, err := live(ctx, sql.Reference(), opt)
	if err != nil {
		return nil, err
	}
	c.deliverAll()
	var lines []string
	k := &counter{sums: map[readingKey]tally{}, note: func(r readingKey, who string, n float64, d int) {
		if r.indicator == indicator && r.variant == variant && r.area == area {
			lines = append(lines, fmt.Sprintf("%s N=%v D=%d", who, n, d))
		}
	}}
	c.count(k, year)
	return lines, nil
}

// tally is a numerator and a denominator.
type tally struct {
	n float64
	d int
}

// readingKey names one reading of a year.
type readingKey struct{ indicator, variant, area string }

// counter adds up readings.
type counter struct {
	sums map[readingKey]tally
	note func(r readingKey, who string, n float64, d int) // nil: nobody listens
}

// add counts a unit in its area and in the city.
func (k *counter) add(indicator, variant, area, who string, n, d int) {
	k.addValue(indicator, variant, area, who, float64(n), d)
}

// addValue adds a measured value, such as a dose, in its area and in the city.
func (k *counter) addValue(indicator, variant, area, who string, n float64, d int) {
	for _, a := range []string{areaCity, area} {
		r := readingKey{indicator, variant, a}
		s := k.sums[r]
		k.sums[r] = tally{s.n + n, s.d + d}
		if k.note != nil && (n != 0 || d != 0) {
			k.note(r, who, n, d)
		}
	}
}

// catalogue returns every indicator and variant; those without denominator are counts.
func catalogue() []struct {
	indicator, variant string
	isCount            bool
} {
	return []struct {
		indicator, variant string
		isCount            bool
	}{
		{"T1", "strict", false},
		{"T1", "lenient", false},
		{"T2", "employer", false},
		{"T2", "point", false},
		{"T2", "full", false},
		{"T3", "strict", false},
		{"T3", "lenient", false},
		{"T3", "yearly", false},
		{"T3", "assessment", false},
		{"T4a", "strict", false},
		{"T4a", "lenient", false},
		{"T4b", "strict", false},
		{"T4b", "employer", false},
		{"T5", "strict", false},
		{"T5", "lenient", false},
		{"T5-I", "strict", false},
		{"T5-I", "lenient", false},
		{"T6", "persons", false},
		{"T6", "employers", false},
		{"T6", "exposed", false},
		{"T7", "diagnosis", true},
		{"T7", "report", true},
		{"T7", "rate_exposed", false},
		{"T8", "literal", false},
		{"T8", "pneumoconiosis", false},
		{"S1", "point", false},
		{"S1", "word", false},
		{"S1e", "employer", false},
		{"S1p", "post", false},
		{"S1x", "point", false},
		{"S3", "all", false},
		{"S3", "in_service", false},
		{"S4", "in_service", false},
		{"S4", "pre", false},
		{"S5", "all", false},
		{"S5", "in_service", false},
		{"S5", "four_class", false},
		{"S6", "in_time", false},
		{"S6", "ever", false},
		{"S7a", "days_90", false},
		{"S7a", "days_180", false},
		{"S7a", "days_365", false},
		{"S7a", "ever", false},
		{"S7b", "concluded", false},
		{"S8", "days_30", false},
		{"S9a", "days_15", false},
		{"S9a", "acute", false},
		{"S9c", "days_7", false},
		{"S9d", "days_15", false},
		{"S9e", "days_21", false},
		{"S9f", "employer", false},
		{"S10a", "all", false},
		{"S10a", "measurable", false},
		{"S10a", "class_2a", false},
		{"S10a", "class_2b", false},
		{"S10a", "class_2c", false},
		{"S10a", "class_2d", false},
		{"S10a", "class_2e", false},
		{"S10a", "class_2f", false},
		{"S10b", "all", false},
		{"S10c", "to_1", false},
		{"S10c", "below_mdl", false},
		{"S10c", "from_1_to_5", false},
		{"S10c", "from_5_to_15", false},
		{"S10c", "from_15_to_20", false},
		{"S10c", "from_20_to_50", false},
		{"S10c", "above_50", false},
		{"S10d", "over_100", false},
		{"S10d", "watch_80", false},
		{"S10d", "mean", false},
		{"S10e", "periods", true},
		{"S10f", "nominal", false},
		{"S10f", "lost", false},
		{"S11a", "stage_1", false},
		{"S11a", "stage_2", false},
		{"S11a", "stage_3", false},
		{"S11a", "stage_2_3", false},
		{"S11b", "exposure_years", false},
		{"S11b", "age", false},
		{"S11c", "pneumoconiosis", false},
		{"S11c", "respiratory", false},
		{"S11c", "skin", false},
		{"S11c", "eye", false},
		{"S11c", "ear_nose_mouth", false},
		{"S11c", "poisoning", false},
		{"S11c", "physical", false},
		{"S11c", "radiation", false},
		{"S11c", "infectious", false},
		{"S11c", "tumour", false},
		{"S11c", "musculoskeletal", false},
		{"S11c", "mental", false},
		{"S11c", "other", false},
		{"S11c", "kind_1", false},
		{"S11c", "kind_2", false},
		{"S11c", "kind_3", false},
		{"S11c", "kind_4", false},
		{"S11c", "kind_5", false},
		{"S11c", "kind_6", false},
		{"S11c", "kind_7", false},
		{"S11c", "kind_8", false},
		{"S11c", "kind_9", false},
		{"S11c", "kind_10", false},
		{"S11c", "kind_11", false},
		{"S11c", "kind_12", false},
		{"S11c", "kind_13", false},
		{"S11e", "mild", false},
		{"S11e", "moderate", false},
		{"S11e", "severe", false},
		{"S11e", "moderate_severe", false},
		{"S11e", "short", false},
		{"S16", "late", false},
		{"S16", "normal_exams", false},
		{"S16", "normal_tests", false},
		{"S17", "due", false},
		{"S18", "due", false},
		{"S11d", "report", true},
		{"S11d", "rate", false},
		{"S12", "all", false},
		{"S12", "pneumoconiosis", false},
		{"S12b", "all", false},
		{"S12b", "pneumoconiosis", false},
		{"S13", "any", false},
		{"S13", "injury", false},
		{"S13", "employer", false},
		{"S13", "aid", false},
		{"S14", "all", false},
		{"S14", "pre", false},
		{"S14", "design", false},
		{"S14", "control", false},
		{"S14", "acceptance", false},
		{"S15", "coverage", false},
		{"S15", "rectified", false},
		{"S15", "in_time", false},
		{"S15", "cases", false},
		{"S15", "complaints", false},
		{"S16", "demerits", true},
		{"N4", "exam", false},
		{"N4", "diagnosis", false},
		{"N4", "service", false},
		{"N4", "radiation", false},
		{"N4", "dosimetry", false},
	}
}

// indicators returns the true readings of every year and area.
func (c *city) indicators() []IndicatorTruth {
	areas := []string{areaCity}
	for _, t := range c.ref.townships {
		areas = append(areas, t.code)
	}
	areas = append(areas, areaUnassigned)
	out := []IndicatorTruth{}
	for year := c.from.year(); year <= c.until.year(); year++ {
		k := &counter{sums: map[readingKey]tally{}}
		c.count(k, year)
		for _, v := range catalogue() {
			for _, area := range areas {
				s := k.sums[readingKey{v.indicator, v.variant, area}]
				t := IndicatorTruth{v.indicator, v.variant, fmt.Sprint(year), c.readingDay(year).String(), area, math.Round(s.n*1e9) / 1e9, nil}
				if !v.isCount {
					t.Denominator = &s.d
				}
				out = append(out, t)
			}
		}
	}
	return out
}

// readingDay returns the day on which a year is read.
func (c *city) readingDay(year int) day { return min(dayOf(year, 12, 31), c.readOn) }

// count adds up all readings of a year.
func (c *city) count(k *counter, year int) {
	d := c.readingDay(year)
	for _, e := range c.employers {
		if e.isKey(d) {
			c.countDeclaration(k, e, d)
			c.countDetection(k, e, d)
			c.countExams(k, e, d)
			c.countTraining(k, e, d)
		}
		c.countDoses(k, e, d)
		if !e.discovered && e.active(d) {
			c.countInsurance(k, e, d)
			k.add("T7", "rate_exposed", e.area(), e.uscc, 0, e.exposed())
		}
	}
	c.countCases(k, year, d)
	c.countPatients(k, year, d)
	c.countProjects(k, d)
	c.countSupervision(k, year, d)
	c.countInstitutions(k, year, d)
	c.countOutcomes(k, year)
	c.countLeaving(k, year, d)
	c.countResults(k, year)
	c.countExposure(k, year)
	c.countCards(k, year)
}

// isKey reports whether the employer belongs to the key employers on d: at work, of a key industry (a discovered one
// always, so that nothing is flattered), with a hazard.
func (e *employer) isKey(d day) bool {
	return e.active(d) && (e.key || e.discovered) && e.exposed() > 0
}

// declaredOn returns the rows declared in the calendar year of the latest declaration accepted by d.
func (e *employer) declaredOn(d day) (rows []declaredRow, year int) {
	for _, x := range e.declarations {
		if x.accepted <= d {
			year = max(year, x.accepted.year())
		}
	}
	for _, x := range e.declarations {
		if x.accepted <= d && x.accepted.year() == year {
			for _, row := range x.rows {
				if !slices.Contains(rows, row) {
					rows = append(rows, row)
				}
			}
		}
	}
	return rows, year
}

// T1: declared this year; ever declared.
func (c *city) countDeclaration(k *counter, e *employer, d day) {
	_, year := e.declaredOn(d)
	k.add("T1", "strict", e.area(), e.uscc, boolInt(year == d.year()), 1)
	k.add("T1", "lenient", e.area(), e.uscc, boolInt(year != 0), 1)
}

// interval returns the months after which a test is too old. A discovered employer has no class on any roster and
// counts as general.
func (e *employer) interval() int {
	if e.severe && !e.discovered {
		return 12
	}
	return 36
}

// testsOn returns the rounds that count on d.
func (e *employer) testsOn(d day) []*round {
	var out []*round
	for _, t := range e.rounds {
		counts := t.kind == testPeriodic || t.kind == testStatus || t.kind == testControl && t.on.year() == d.year()
		if counts && t.on <= d && t.on.addMonths(e.interval()) >= d {
			out = append(out, t)
		}
	}
	return out
}

// T2 by employer, by point (post and hazard) and in full.
func (c *city) countDetection(k *counter, e *employer, d day) {
	begins := e.start
	if e.discovered {
		begins = e.firstEvent
	}
	if e.stopped || begins != 0 && begins.addYears(1) > d {
		return // stopped, or not yet a year at work
	}
	tests := e.testsOn(d)
	declared, _ := e.declaredOn(d)
	full := len(tests) > 0
	for _, row := range declared {
		if !row.hazard.hasLimit {
			continue
		}
		point, anywhere := false, false
		for _, t := range tests {
			point = point || t.tests(row.post, row.hazard)
			anywhere = anywhere || slices.ContainsFunc(t.results, func(r *result) bool { return r.hazard == row.hazard })
		}
		full = full && anywhere
		k.add("T2", "point", e.area(), e.uscc+" "+row.post.workshop+row.hazard.name, boolInt(point), 1)
	}
	k.add("T2", "employer", e.area(), e.uscc, boolInt(len(tests) > 0), 1)
	k.add("T2", "full", e.area(), e.uscc, boolInt(full), 1)
}

// T3: the workers on the posts of one employer.
func (c *city) countExams(k *counter, e *employer, d day) {
	if e.stopped {
		return
	}
	for _, p := range e.posts {
		for _, line := range p.slots {
			for _, w := range line {
				if !w.employed(d) || e.discovered && !w.examinedBy(d) {
					continue // of a discovered employer only those are known whom somebody has examined
				}
				s := w.standing(d)
				who := w.person.idNo + " " + e.uscc
				k.add("T3", "strict", e.area(), who, boolInt(s.covered), 1-boolInt(s.notDue))
				k.add("T3", "lenient", e.area(), who, boolInt(s.covered || s.partly), 1-boolInt(s.notDue))
				k.add("T3", "yearly", e.area(), who, boolInt(s.thisYear), 1-boolInt(s.laterYear))
				k.add("T3", "assessment", e.area(), who, boolInt(s.covered || s.partly || s.notDue), 1)
			}
		}
	}
}

// standing is how a worker stands with the in-service examinations of the mandatory hazards.
type standing struct {
	covered   bool // every hazard covered or not yet due, at least one covered
	partly    bool // at least one covered, but not every one in order
	notDue    bool // every hazard not yet due
	thisYear  bool // a completed in-service examination in the calendar year
	laterYear bool // none this year, and every hazard is due only after its end
}

func (w *worker) standing(d day) standing {
	var s standing
	hazards := w.mandatory(d)
	nCovered, nNotDue, nLater := 0, 0, 0
	yearEnd := dayOf(d.year(), 12, 31)
	for _, h := range hazards {
		switch {
		case w.covered(h, d):
			nCovered++
		case w.notYetDue(h, d):
			nNotDue++
		}
		if w.coveredUntil(h, d) > yearEnd {
			nLater++
		}
	}
	inOrder := nCovered+nNotDue == len(hazards)
	s.covered = inOrder && nCovered > 0
	s.partly = !s.covered && nCovered > 0
	s.notDue = inOrder && nCovered == 0
	for _, x := range w.exams {
		if x.kind == examIn && x.on <= d && x.on.year() == d.year() && slices.ContainsFunc(x.examined, func(h *hazard) bool { return x.completed(h, d) }) {
			s.thisYear = true
		}
	}
	s.laterYear = !s.thisYear && nLater == len(hazards)
	return s
}

// examinedBy reports whether any examination of the worker has taken place by d.
func (w *worker) examinedBy(d day) bool {
	return slices.ContainsFunc(w.exams, func(x *exam) bool { return x.on <= d })
}

// T4a and T4b: the person in charge and the managers.
func (c *city) countTraining(k *counter, e *employer, d day) {
	trained := func(role, name string) bool {
		return slices.ContainsFunc(e.trainings, func(t *training) bool {
			return t.role == role && (name == "" || t.name == name) && t.valid(d)
		})
	}
	k.add("T4a", "strict", e.area(), e.uscc, boolInt(trained("head", e.head)), 1)
	k.add("T4a", "lenient", e.area(), e.uscc, boolInt(trained("head", "")), 1)
	n := 0
	for _, m := range e.managers {
		n += boolInt(trained("manager", m))
	}
	if e.discovered {
		k.add("T4b", "strict", e.area(), e.uscc, 0, 1)
	} else {
		k.add("T4b", "strict", e.area(), e.uscc, n, max(1, len(e.managers)))
	}
	k.add("T4b", "employer", e.area(), e.uscc, boolInt(trained("manager", "")), 1)
}

// T5 and T5-I: every day of a worker's span in the year up to the last quarter end lies in a monitored period.
func (c *city) countDoses(k *counter, e *employer, d day) {
	end := d.lastQuarterEnd()
	year := dayOf(end.year(), 1, 1)
	for _, w := range e.radiation {
		first, last := max(w.start, year), end
		if w.end != 0 {
			last = min(last, w.end)
		}
		if first > last {
			continue
		}
		indicator := "T5"
		if w.unitKind != "医疗" {
			indicator = "T5-I"
		}
		once := false
		gap := first // first day that no reading has covered so far
		for _, x := range sortedByStart(w.readings) {
			if !x.monitors() {
				continue
			}
			if x.from <= gap && x.to >= gap {
				gap = x.to + 1
			}
			once = once || x.to.year() == end.year()
		}
		who := e.uscc + " " + w.no
		k.add(indicator, "strict", e.area(), who, boolInt(gap > last), 1)
		k.add(indicator, "lenient", e.area(), who, boolInt(once), 1)
	}
}

func sortedByStart(readings []*reading) []*reading {
	out := slices.Clone(readings)
	slices.SortStableFunc(out, func(a, b *reading) int { return int(a.from - b.from) })
	return out
}

// T6: the latest of the last three months in the insurance's books.
func (c *city) countInsurance(k *counter, e *employer, d day) {
	insured, due := 0, e.employees
	latest := -1
	for _, m := range e.insured {
		i := m.month.monthIndex()
		if i <= d.monthIndex() && i > d.monthIndex()-3 && i > latest {
			latest = i
			insured, due = m.insured, e.employees
			if m.due > 0 {
				due = m.due
			}
		}
	}
	k.add("T6", "persons", e.area(), e.uscc, insured, due)
	k.add("T6", "employers", e.area(), e.uscc, boolInt(insured > 0), 1)
	k.add("T6", "exposed", e.area(), e.uscc, min(insured, e.exposed()), e.exposed())
}

// T7 and T8: newly diagnosed cases by the day of diagnosis and by the day of the report.
func (c *city) countCases(k *counter, year int, d day) {
	for _, x := range c.cases {
		if !x.isNew() {
			continue
		}
		area := areaUnassigned
		if x.employer != nil {
			area = x.employer.area()
		}
		if x.diagnosed.year() == year && x.diagnosed <= d {
			k.add("T7", "diagnosis", area, x.no, 1, 0)
			k.add("T7", "rate_exposed", area, x.no, 1, 0)
		}
		if x.reported.year() == year && x.reported <= d {
			dusty := x.kind == cardPneumoconiosis
			short := dusty && x.months >= 0 && x.months < 60
			k.add("T7", "report", area, x.no, 1, 0)
			k.add("T8", "literal", area, x.no, boolInt(short), 1)
			if dusty {
				k.add("T8", "pneumoconiosis", area, x.no, boolInt(short), 1)
			}
		}
	}
}
