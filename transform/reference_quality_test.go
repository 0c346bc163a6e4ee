package transform_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	ohsql "ohwatch/sql"
)

// TestReference_PlanAndQuality compares S2, S9b, S9f and N1 to N4 with a naive count over a made-up roster, insurance,
// declarations, visits, institutions, records and deliveries.
func TestReference_PlanAndQuality(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(2, 9))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	corner := func() time.Time { // around a turn of the year as often as anywhere
		if r.IntN(3) == 0 {
			return day("2025-12-31").AddDate(0, 0, r.IntN(2))
		}
		return day("2025-01-01").AddDate(0, 0, r.IntN(680))
	}
	maybe := func(n int) time.Time {
		if r.IntN(n) > 0 {
			return time.Time{}
		}
		return corner()
	}
	type works struct {
		town, industry, size string
		staff, exposed       int
		starts, closes       time.Time
		insured              map[time.Time]int // by first day of the month
		declared             []time.Time
	}
	isAt := func(w *works, d time.Time) bool {
		return !w.starts.After(d) && (w.closes.IsZero() || w.closes.After(d))
	}
	firms := map[string]*works{}
	var keys []string
	var roster, insurance, declarations []row
	for n := range 40 {
		key := "F" + itoa(n)
		w := &works{
			town: pick(towns()...), industry: pick("C3484", "B0610", "F5100", "D4430", "C1370", ""), size: pick("small", "micro", ""),
			staff: 1 + r.IntN(40), exposed: r.IntN(3) * r.IntN(25), starts: maybe(3), closes: maybe(5), insured: map[time.Time]int{},
		}
		firms[key], keys = w, append(keys, key)
		roster = append(roster, employer(key).with("township_code", quote(w.town), "industry_code", quote(w.industry), "size_class", quote(w.size),
			"employees", itoa(w.staff), "exposed_total", itoa(w.exposed), "start_date", date(w.starts), "close_date", date(w.closes)))
		for month := day("2024-11-01"); month.Before(day("2026-12-01")); month = month.AddDate(0, 1, 0) {
			if r.IntN(3) > 0 {
				continue
			}
			w.insured[month] = r.IntN(2) * r.IntN(30)
			insurance = append(insurance, row{"employer_key": quote(key), "period": date(month), "insured_count": itoa(w.insured[month])})
		}
		for range r.IntN(3) {
			if w.exposed > 0 {
				on := corner()
				w.declared = append(w.declared, on)
				declarations = append(declarations, declaration(key, on.Format(time.DateOnly), "w", "p", noise, 1))
			}
		}
	}
	c.loadMany("employer", roster)
	c.loadMany("insurance", insurance)
	c.loadMany("declaration", declarations)

	// Records of four streams; an employer that nobody knows is discovered by an exam or a result, and stays unknown to a card or dose.
	type record struct {
		key string
		on  time.Time
	}
	var records []record
	discovered := map[string]bool{}
	rows := map[string][]row{}
	for n := range 200 {
		x := record{key: pick(append(slices.Clone(keys), "NEW1", "NEW2")...), on: corner()}
		on := x.on.Format(time.DateOnly)
		switch stream := pick("exam", "detection", "case_report", "dose"); stream {
		case "exam": // the unit that uses the worker counts
			rows[stream] = append(rows[stream], exam("F0", n, "in", on, noise).with("using_key", quote(x.key)))
			discovered[x.key] = true
		case "detection":
			rows[stream] = append(rows[stream], detection(x.key, "periodic", on, "w", "p"+itoa(n), noise))
			discovered[x.key] = true
		case "case_report":
			rows[stream] = append(rows[stream], row{
				"employer_key": quote(x.key), "card_no": quote(itoa(n)), "card_kind": "'suspected'", "report_kind": "'new'",
				"person_key": person(1000 + n), "report_date": quote(on),
			})
		case "dose":
			rows[stream] = append(rows[stream], row{
				"employer_key": quote(x.key), "worker_no": quote(itoa(n)), "person_key": person(2000 + n), "quantity": "'hp10'",
				"period_start": date(x.on.AddDate(0, 0, -30)), "period_end": quote(on),
			})
		}
		records = append(records, x)
	}
	for _, stream := range []string{"exam", "detection", "case_report", "dose"} {
		c.loadMany(stream, rows[stream])
	}

	// Visits: enough patients for townships to pass the ten, and to fall below them when some die.
	type sick struct {
		town                 string
		first, died, station time.Time
	}
	var patients []sick
	var visits []row
	for n := range 75 {
		p := sick{town: pick("410184001", "410184001", "410184002", "410184106", "")}
		for v := range 1 + r.IntN(3) {
			on, result, rehab := corner(), "alive", pick("", "无", "", "无", "测试康复站")
			if v == 0 && r.IntN(6) == 0 {
				result, p.died = "dead", on
			}
			if p.first.IsZero() || on.Before(p.first) {
				p.first = on
			}
			if rehab == "测试康复站" && (p.station.IsZero() || on.Before(p.station)) {
				p.station = on
			}
			visits = append(visits, row{
				"person_key": person(5000 + n), "patient_card_no": quote(itoa(n)), "visit_date": date(on), "result": quote(result),
				"township_code": quote(p.town), "rehab": quote(rehab),
			})
		}
		patients = append(patients, p)
	}
	c.loadMany("follow_up", visits)

	type listed struct {
		kind, town, status string
		from, to           time.Time
	}
	var institutions []listed
	var list []row
	for n := range 40 {
		x := listed{pick("exam", "diagnosis", "service", "radiation", "dosimetry"), pick(towns()...), pick("active", "active", "", "suspended", "revoked"), corner(), maybe(2)}
		institutions = append(institutions, x)
		list = append(list, row{
			"institution_code": quote("I" + itoa(n)), "institution_name": "'x'", "kind": quote(x.kind), "valid_from": date(x.from), "valid_to": date(x.to),
			"status": quote(x.status), "township_code": quote(x.town),
		})
	}
	c.loadMany("institution", list)

	// Deliveries with what was found in them. The day of arrival is that in Shanghai; a file sent again was not read (no contract).
	required := requiredFields(t)
	type delivery struct {
		stream                       string
		on                           time.Time
		read, faulty, repeated, noID int
	}
	var deliveries []delivery
	for n := range 40 {
		x := delivery{stream: pick("exam", "dose", "training", "case_report", "employer"), read: 5 + r.IntN(20)}
		at := corner().Add(time.Duration(r.IntN(24)) * time.Hour)
		x.on = at.Add(8 * time.Hour).Truncate(24 * time.Hour)
		contract := pick("v1", "v1", "v1", "")
		c.batch++
		c.exec(fmt.Sprintf("INSERT INTO ops_batch (batch, at, state, stream, file, received_at, n_read, n_loaded, sender, contract) VALUES (%d, '%[2]s', 'published', '%[3]s', 'x.csv', '%[2]s', %[4]d, %[4]d, 'S%[5]d', '%[6]s')",
			c.batch, at.Format(time.DateTime), x.stream, x.read, n%4, contract))
		faults, repeats, unidentified := map[string]bool{}, map[int]bool{}, map[int]bool{}
		for range r.IntN(12) {
			line, severity := 2+r.IntN(x.read), pick("reject", "warn", "note")
			field := pick(required[x.stream][0], required[x.stream][1], "id_no", "no_such_field")
			code := pick("required", "same_key_twice")
			c.exec(fmt.Sprintf("INSERT INTO ops_finding (batch, stream, severity, sheet, row, field, code) VALUES (%d, '%s', '%s', '', %d, '%s', '%s')", c.batch, x.stream, severity, line, field, code))
			if severity != "note" && slices.Contains(required[x.stream], field) {
				faults[fmt.Sprint(line, field)] = true
			}
			if code == "same_key_twice" {
				repeats[line] = true
			}
			if severity != "note" && field == "id_no" {
				unidentified[line] = true
			}
		}
		x.faulty, x.repeated, x.noID = len(faults), len(repeats), len(unidentified)
		if contract != "" {
			deliveries = append(deliveries, x)
		}
	}
	c.runOnly("S2", "S9b", "S9f", "N1", "N2", "N3", "N4")

	each := func(place string, d time.Time, count func(w *works)) {
		for _, key := range keys {
			if w := firms[key]; in(place, w.town) && isAt(w, d) {
				count(w)
			}
		}
	}
	c.equal("S2", "roster", func(s span, place string) (t tally) {
		each(place, s.end, func(w *works) {
			t.n += float64(w.exposed)
			t.d += float64(max(w.staff, w.exposed))
			t.missing += float64(max(0, w.exposed-w.staff))
		})
		return t
	})
	c.equal("N1", "persons", func(s span, place string) (t tally) {
		each(place, s.end, func(w *works) {
			month := time.Date(s.end.Year(), s.end.Month(), 1, 0, 0, 0, 0, time.UTC)
			for range 3 { // the month of the day and the two before
				if n, some := w.insured[month]; some {
					t.n += float64(n)
					t.d += one(n > 0)
					return
				}
				month = month.AddDate(0, -1, 0)
			}
		})
		return t
	})
	for variant, counts := range map[string]func(on, d time.Time) bool{
		"lenient": func(on, d time.Time) bool { return !on.After(d) },
		"strict":  func(on, d time.Time) bool { return !on.After(d) && on.Year() == d.Year() },
	} {
		c.equal("N2", variant, func(s span, place string) (t tally) {
			each(place, s.end, func(w *works) {
				hazardous := w.exposed > 0
				for key, other := range firms {
					hazardous = hazardous || other == w && discovered[key] // somebody was examined or something tested there
				}
				if hazardous && w.industry != "" && strings.Contains("BCD", w.industry[:1]) {
					t.add(slices.ContainsFunc(w.declared, func(on time.Time) bool { return counts(on, s.end) }), true, false)
				}
			})
			return t
		})
	}
	c.equal("N3", "townships", func(s span, place string) (t tally) {
		for _, town := range []string{"410184001", "410184002", "410184106"} {
			alive, served := 0, false
			for _, p := range patients {
				if p.town != town {
					continue
				}
				served = served || by(p.station, s.end)
				alive += int(one(by(p.first, s.end) && !by(p.died, s.end)))
			}
			if alive >= 10 && in(place, town) {
				t.add(served, true, false)
			}
		}
		return t
	})
	for _, kind := range []string{"exam", "diagnosis", "service", "radiation", "dosimetry"} {
		c.equal("N4", kind, func(s span, place string) (t tally) {
			for _, x := range institutions {
				if x.kind == kind && by(x.from, s.end) && in(place, x.town) {
					t.add((x.status == "active" || x.status == "") && (x.to.IsZero() || !x.to.Before(s.end)), true, false)
				}
			}
			return t
		})
	}

	c.equal("S9b", "fields", func(s span, place string) (t tally) {
		for _, x := range deliveries {
			if s.holds(x.on) && in(place, "") {
				cells := x.read * len(required[x.stream])
				t.n += float64(cells - x.faulty)
				t.d += float64(cells)
			}
		}
		return t
	})
	c.equal("S9f", "repeated", func(s span, place string) (t tally) {
		for _, x := range deliveries {
			if s.holds(x.on) && in(place, "") {
				t.n, t.d = t.n+float64(x.repeated), t.d+float64(x.read)
			}
		}
		return t
	})
	c.equal("S9f", "identity", func(s span, place string) (t tally) {
		for _, x := range deliveries {
			if s.holds(x.on) && in(place, "") && slices.Contains([]string{"exam", "dose", "case_report"}, x.stream) {
				t.n, t.d = t.n+float64(x.read-x.noID), t.d+float64(x.read)
			}
		}
		return t
	})
	for variant, counts := range map[string]func(w *works) bool{
		"employer":         func(w *works) bool { return w != nil },
		"industry_missing": func(w *works) bool { return w == nil || w.industry == "" },
		"size_missing":     func(w *works) bool { return w == nil || w.size == "" },
	} {
		c.equal("S9f", variant, func(s span, place string) (t tally) {
			for _, x := range records {
				w, town := firms[x.key], ""
				if w != nil {
					town = w.town
				}
				if s.holds(x.on) && in(place, town) {
					t.add(counts(w), true, false)
				}
			}
			return t
		})
	}
}

// requiredFields are the required fields of each stream.
func requiredFields(t *testing.T) map[string][]string {
	t.Helper()
	data, err := fs.ReadFile(ohsql.Reference(), "required_field.csv")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string][]string{}
	for _, line := range lines[1:] {
		fields[line[0]] = append(fields[line[0]], line[1])
	}
	return fields
}

// TestExamResults_CountedByHand holds the four results that are kept of examinations against counts made by hand:
// by quarter, year and week, and the latest of each person and hazard with the day on which the next is due.
func TestExamResults_CountedByHand(t *testing.T) {
	c := newCity(t, "2026-11-16")
	c.load("employer", employer("A").with("exposed_total", "2"), employer("B").with("township_code", "'410184001'", "industry_code", "'B0610'"), employer("U").with("township_code", "''"))
	c.load("exam",
		exam("A", 1, "in", "2025-03-31", noise, silica),                                     // Monday, last day of the first quarter
		exam("A", 1, "in", "2025-04-01", noise).with("conclusion_overall", "'suspect'"),     // Tuesday of that week, second quarter
		exam("A", 2, "in", "2025-04-06", noise).with("conclusion", list("contra")),          // its Sunday
		exam("A", 3, "in", "2025-04-07", noise),                                             // the Monday after: three persons, two exposed on the roster
		exam("A", 4, "pre", "2025-04-08", fume),                                             // no exam in service, due after 36 months
		exam("A", 5, "in", "2025-12-31", noise).with("using_key", "'B'"),                    // works for B; the week is that of 2026-W01
		exam("U", 6, "in", "2025-12-29", silica),                                            // a place nobody knows
		exam("X", 7, "in", "2026-01-01", noise),                                             // an employer nobody knows
		exam("B", 8, "in", "2025-05-05", noise), exam("B", 8, "leave", "2025-08-01", noise), // left: nothing is due
		exam("B", 9, "in", "2026-07-31", toluene), exam("B", 10, "in", "2026-08-01", toluene), // mandatory until 2026-07-31
	)
	c.load("exam", exam("A", 11, "in", "2025-04-02", noise).with("key", "'gone'"))
	c.load("exam", exam("A", 11, "in", "2025-04-02", noise).with("key", "'gone'", "op", "'void'"))
	c.runOnly("fct_exam_quarter", "fct_exam_year", "fct_exam_latest", "fct_exam_week")
	for _, tt := range []struct{ what, query, want string }{
		{"quarters", "SELECT concat(toString(quarter), ' ', area, ' ', exam_type, ' ', toString(n_exams), ' ', toString(n_persons), ' ', toString(n_suspected)) AS line FROM fct_exam_quarter ORDER BY line", `
			2025-01-01 410184106 in 1 1 0
			2025-04-01 410184001 in 1 1 0
			2025-04-01 410184106 in 3 3 1
			2025-04-01 410184106 pre 1 1 0
			2025-07-01 410184001 leave 1 1 0
			2025-10-01 410184001 in 1 1 0
			2025-10-01 unassigned in 1 1 0
			2026-01-01 unassigned in 1 1 0
			2026-07-01 410184001 in 2 2 0`},
		{"years", "SELECT concat(toString(year), ' ', employer_key, ' ', area, ' ', division, ' ', toString(n_exams), ' ', toString(n_persons), ' ', toString(exposed), ' ', toString(covered)) AS line FROM fct_exam_year ORDER BY line", `
			2025 A 410184106 C34 4 3 2 2
			2025 B 410184001 B06 2 2 10 2
			2025 U unassigned C34 1 1 10 1
			2026 B 410184001 B06 2 2 10 2
			2026 X unassigned unknown 1 1 0 0`},
		{"weeks", "SELECT concat(toString(week_start), ' ', area, ' ', division, ' ', toString(n_exams), ' ', toString(n_suspected), ' ', toString(n_contraindicated)) AS line FROM fct_exam_week ORDER BY line", `
			2025-03-31 410184106 C34 3 1 1
			2025-04-07 410184106 C34 2 0 0
			2025-05-05 410184001 B06 1 0 0
			2025-07-28 410184001 B06 1 0 0
			2025-12-29 410184001 B06 1 0 0
			2025-12-29 unassigned C34 1 0 0
			2025-12-29 unassigned unknown 1 0 0
			2026-07-27 410184001 B06 2 0 0`},
		{"latest", "SELECT concat(substring(toString(person_key), 35), ' ', hazard, ' ', toString(exam_date), ' ', employer_key, ' ', ifNull(toString(due_date), '-')) AS line FROM fct_exam_latest ORDER BY line", `
			01 HZ-1-001 2025-03-31 A 2026-03-31
			01 HZ-3-001 2025-04-01 A 2026-04-01
			02 HZ-3-001 2025-04-06 A 2026-04-06
			03 HZ-3-001 2025-04-07 A 2026-04-07
			04 HZ-1-011 2025-04-08 A 2028-04-08
			05 HZ-3-001 2025-12-31 B 2026-12-31
			06 HZ-1-001 2025-12-29 U 2026-12-29
			07 HZ-3-001 2026-01-01 X 2027-01-01
			08 HZ-3-001 2025-05-05 B -
			09 HZ-2-029 2026-07-31 B 2027-07-31
			10 HZ-2-029 2026-08-01 B -`},
	} {
		want := strings.ReplaceAll(strings.TrimPrefix(tt.want, "\n"), "\t", "")
		if got := c.query(tt.query); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", tt.what, got, want)
		}
	}
}
