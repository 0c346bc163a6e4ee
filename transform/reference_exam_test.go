package transform_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// seenExam is one examination of a made-up world.
type seenExam struct {
	person                    int
	employer, town            string
	kind                      string
	on, reported, uploaded    time.Time
	said                      []string // conclusion by hazard
	exposed                   []string
	months                    int // of exposure, -1: not on the card
	isAgain                   bool
	answers                   time.Time // of a re-examination: day of the exam that it answers
	wbc, platelets, lead, ear float64   // -1: not sent
	film                      string
}

// TestReference_Exams compares S3 to S6, S5k, S8, S9d, S17 and S18 with a naive count over the exams of 160 people.
func TestReference_Exams(t *testing.T) {
	c := newCity(t, "2026-11-15")
	r := rand.New(rand.NewPCG(3, 18))
	pick := func(options ...string) string { return options[r.IntN(len(options))] }
	const lead = "HZ-2-001"
	var roster []row
	towned := map[string]string{}
	for i, town := range append(towns(), towns()...) {
		key := "E" + itoa(i)
		towned[key] = town
		roster = append(roster, employer(key).with("township_code", quote(town)))
	}
	c.load("employer", roster...)
	home := func() string { return "E" + itoa(r.IntN(len(towned))) }
	all := []string{silica, fume, noise, benzene, lead}
	var exams []seenExam
	var rows, items []row
	for n := range 160 {
		at, key := day("2024-06-01").AddDate(0, 0, r.IntN(500)), home()
		kind := pick("pre", "in", "in")
		for k := range 1 + r.IntN(5) {
			x := seenExam{person: n, employer: key, town: towned[key], kind: kind, on: at, months: r.IntN(400), wbc: -1, platelets: -1, lead: -1, ear: -1}
			if r.IntN(9) == 0 {
				x.months = -1
			}
			x.exposed = slices.Clone(all[r.IntN(len(all)):])[:1]
			if r.IntN(2) == 0 {
				x.exposed = append(x.exposed, pick(all...))
			}
			slices.Sort(x.exposed)
			x.exposed = slices.Compact(x.exposed)
			for range x.exposed {
				x.said = append(x.said, pick("normal", "normal", "normal", "other", "recheck", "contra", "suspect", "pending"))
			}
			x.reported = at.AddDate(0, 0, r.IntN(20))
			if r.IntN(6) > 0 {
				x.uploaded = x.reported.AddDate(0, 0, 13+r.IntN(4))
			}
			months := "NULL"
			if x.months >= 0 {
				months = itoa(x.months)
			}
			base := exam(key, n, kind, at.Format(time.DateOnly), x.exposed...).with("conclusion_overall", quote(x.said[0]), "conclusion_hazard", list(x.exposed...),
				"conclusion", list(x.said...), "report_date", date(x.reported), "upload_date", date(x.uploaded), "exposure_months", months)
			no := base["exam_no"]
			rows = append(rows, base)
			item := func(name, unit, result, value string) {
				items = append(items, row{
					"institution_code": "'I1'", "exam_no": no, "item_code": quote(itoa(len(items))), "item_name": quote(name), "unit": quote(unit), "result": quote(result),
					"result_value": value,
				})
			}
			if r.IntN(4) > 0 {
				x.film = pick("未见异常", "双肺见小阴影", "尘肺样改变", "未见尘肺")
				item("高千伏胸片", "", x.film, "NULL")
				x.wbc = []float64{3.9, 4.0, 6}[r.IntN(3)]
				item("白细胞计数(WBC)", "10^9/L", "x", itoa(x.wbc))
				x.platelets = []float64{79, 80, 200}[r.IntN(3)]
				item("血小板计数", "10^9/L", "x", itoa(x.platelets))
				x.lead = []float64{1.8, 1.9, 393.68 / 207.2, 393.69 / 207.2}[r.IntN(4)]
				if x.lead == 1.8 || x.lead == 1.9 {
					item("血铅", "umol/L", "x", itoa(x.lead))
				} else {
					item("血铅", "μg/L", "x", itoa(x.lead*207.2))
				}
				x.ear = []float64{39, 40, 55}[r.IntN(3)]
				for _, side := range []string{"左", "右"} {
					for _, hertz := range []string{"3000", "4000", "6000"} {
						item(side+"耳"+hertz+"Hz听阈", "dB", "x", itoa(x.ear))
					}
				}
			}
			exams = append(exams, x)
			if slices.Contains(x.said, "recheck") && r.IntN(3) > 0 {
				again := x
				again.isAgain, again.answers, again.on = true, x.on, at.AddDate(0, 0, 30+r.IntN(70))
				again.said = []string{pick("normal", "suspect", "contra")}
				exams = append(exams, again)
				rows = append(rows, base.with("is_reexam", "true", "prev_exam_no", no, "exam_no", quote("again"+itoa(n)+" "+itoa(k)), "report_card_id", quote("again"),
					"exam_date", date(again.on), "conclusion_overall", quote(again.said[0]), "conclusion", list(again.said[0]), "conclusion_hazard", list(x.exposed[0])))
			}
			at = at.AddDate(0, 0, 101+r.IntN(250))
			if kind == "leave" {
				kind = pick("post", "post", "in")
			} else if kind = pick("in", "in", "in", "leave", "emerg"); r.IntN(4) == 0 && kind == "in" {
				if key = home(); r.IntN(2) == 0 {
					kind, at = "pre", exams[len(exams)-1].on.AddDate(0, 0, 80+r.IntN(20))
				}
			}
		}
	}
	c.loadMany("exam", rows)
	c.loadMany("exam_item", items)
	c.runOnly("S3", "S4", "S5", "S5k", "S6", "S8", "S9d")

	// found is all that an exam found, with the re-examination that it asked for when that came within three months.
	found := func(x seenExam) []string {
		said := slices.Clone(x.said)
		for _, y := range exams {
			if y.isAgain && y.person == x.person && y.answers.Equal(x.on) && !y.on.After(addMonths(x.on, 3)) {
				said = append(said, y.said...)
			}
		}
		return said
	}
	// once counts each person once an employer and period; persons does without re-examinations.
	type state struct{ n, d, missing bool }
	once := func(judge func(x seenExam) (state, bool)) func(span, string) tally {
		return func(s span, place string) (t tally) {
			once := map[[2]string]state{}
			for _, x := range exams {
				if !s.holds(x.on) || !in(place, x.town) {
					continue
				}
				if j, counts := judge(x); counts {
					key := [2]string{x.employer, itoa(x.person)}
					old := once[key]
					once[key] = state{old.n || j.n, old.d || j.d, old.missing || j.missing}
				}
			}
			for _, j := range once {
				t.add(j.n, j.d, j.missing)
			}
			return t
		}
	}
	persons := func(judge func(x seenExam) (state, bool)) func(span, string) tally {
		return once(func(x seenExam) (state, bool) {
			j, counts := judge(x)
			return j, counts && !x.isAgain
		})
	}
	has := func(kind string, words ...string) func(span, string) tally {
		return persons(func(x seenExam) (state, bool) {
			hit := slices.ContainsFunc(found(x), func(w string) bool { return slices.Contains(words, w) })
			return state{hit, true, false}, kind == "" || x.kind == kind
		})
	}
	c.equal("S3", "all", has("", "suspect"))
	c.equal("S3", "in_service", has("in", "suspect"))
	c.equal("S4", "in_service", has("in", "contra"))
	c.equal("S4", "pre", has("pre", "contra"))
	c.equal("S5", "all", has("", "recheck", "other", "contra", "suspect"))
	c.equal("S5", "in_service", has("in", "recheck", "other", "contra", "suspect"))
	c.equal("S5", "four_class", has("", "other", "contra", "suspect"))

	item := func(hazards []string, known func(seenExam) bool, abnormal func(seenExam) bool) func(span, string) tally {
		return persons(func(x seenExam) (state, bool) {
			counts := slices.ContainsFunc(x.exposed, func(h string) bool { return slices.Contains(hazards, h) })
			return state{known(x) && abnormal(x), known(x), !known(x)}, counts
		})
	}
	sent := func(x seenExam) bool { return x.film != "" }
	c.equal("S5k", "dust", item([]string{silica, fume}, sent, func(x seenExam) bool { return x.film == "双肺见小阴影" || x.film == "尘肺样改变" }))
	c.equal("S5k", "noise", item([]string{noise}, sent, func(x seenExam) bool { return x.ear >= 40 }))
	c.equal("S5k", "benzene", item([]string{benzene}, sent, func(x seenExam) bool { return x.wbc < 4 || x.platelets < 80 }))
	c.equal("S5k", "lead", item([]string{lead}, sent, func(x seenExam) bool { return x.lead >= 1.9 }))

	// S6 and S8 count exams.
	each := func(judge func(x seenExam) (n, d, missing, counts bool)) func(span, string) tally {
		return func(s span, place string) (t tally) {
			for _, x := range exams {
				if s.holds(x.on) && in(place, x.town) {
					if n, d, missing, counts := judge(x); counts {
						t.add(n, d, missing)
					}
				}
			}
			return t
		}
	}
	recheck := func(inTime bool) func(span, string) tally {
		return each(func(x seenExam) (n, d, missing, counts bool) {
			if x.isAgain || !slices.Contains(x.said, "recheck") {
				return false, false, false, false
			}
			deadline, answered := x.on.AddDate(0, 0, 42), time.Time{}
			for _, y := range exams {
				if y.isAgain && y.person == x.person && y.answers.Equal(x.on) {
					answered = y.on
				}
			}
			decided := by(answered, deadline) || deadline.Before(c.today)
			return decided && (by(answered, deadline) || !inTime && by(answered, c.today)), decided, !decided, true
		})
	}
	c.equal("S6", "in_time", recheck(true))
	c.equal("S6", "ever", recheck(false))
	c.equal("S8", "days_30", once(func(x seenExam) (state, bool) {
		if x.kind != "in" || !slices.Contains(x.said, "contra") {
			return state{}, false
		}
		var hazards []string
		for i, h := range x.exposed {
			if i < len(x.said) && x.said[i] == "contra" {
				hazards = append(hazards, h)
			}
		}
		next := seenExam{}
		for _, y := range exams {
			later := y.on.After(x.on.AddDate(0, 0, 30)) || y.on.After(x.on) && (y.kind == "leave" || y.kind == "post")
			if y.person == x.person && later && (next.on.IsZero() || y.on.Before(next.on)) {
				next = y
			}
		}
		if next.on.IsZero() {
			return state{missing: true}, true
		}
		if next.kind == "leave" || next.kind == "post" {
			return state{n: true, d: true}, true
		}
		still := slices.ContainsFunc(hazards, func(h string) bool { return slices.Contains(next.exposed, h) })
		return state{n: !still, d: true}, true
	}))
	c.equal("S9d", "days_15", func(s span, place string) (t tally) {
		for _, x := range exams {
			on := x.uploaded
			if on.IsZero() {
				on = x.on
			}
			if s.holds(on) && in(place, x.town) {
				known := !x.uploaded.IsZero()
				t.add(known && !x.uploaded.After(x.reported.AddDate(0, 0, 15)), known, !known)
			}
		}
		return t
	})
}
