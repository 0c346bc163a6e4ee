package transform_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	ohsql "ohwatch/sql"
	"ohwatch/transform"

	"pgregory.net/rapid"
)

// TestGaps_SumToTheReading holds, for every list, variant, area and year, the sum of what is missing equal to the stored
// reading's denominator less its numerator.
func TestGaps_SumToTheReading(t *testing.T) {
	c := messyCity(t)
	definitions, err := transform.LoadGaps(ohsql.FS())
	if err != nil {
		t.Fatal(err)
	}
	compared, missing := 0, 0.0
	for _, d := range definitions {
		for _, v := range d.Indicator.Variants {
			if !d.Lists(v.Name) {
				continue
			}
			for _, period := range []string{"2025", "2026-07"} {
				values, err := transform.Values(t.Context(), c.db, "", transform.Filter{Indicator: d.Indicator.ID, Variant: v.Name, Period: period, By: "township"})
				if err != nil {
					t.Fatal(err)
				}
				whole, err := transform.Values(t.Context(), c.db, "", transform.Filter{Indicator: d.Indicator.ID, Variant: v.Name, Period: period})
				if err != nil {
					t.Fatal(err)
				}
				if period != "2025" {
					values = nil
				}
				for _, value := range append(values, whole...) {
					if value.Numerator == 0 && (value.Denominator == nil || *value.Denominator == 0) {
						continue
					}
					list, err := transform.Gaps(t.Context(), c.db, ohsql.FS(), "", transform.GapFilter{
						Indicator: d.Indicator.ID, Variant: v.Name, Period: period, Area: value.Area,
					})
					if err != nil {
						t.Fatal(err)
					}
					sum := -list.Surplus
					for _, g := range list.Gaps {
						sum += g.Missing
						if named := float64(len(g.Names)) + g.Unnamed; d.Unit(v.Name) != "employer" && named != g.Missing {
							t.Errorf("%s %s %s %s: %s lacks %v, names and nameless are %v", d.Indicator.ID, v.Name, period, value.Area, g.Employer, g.Missing, named)
						}
					}
					want := value.Numerator
					if !d.Indicator.Falling {
						want = *value.Denominator - value.Numerator
						if value.Gap != nil && list.Need() != *value.Gap {
							t.Errorf("%s %s %s %s: need %v, the reading's gap is %v", d.Indicator.ID, v.Name, period, value.Area, list.Need(), *value.Gap)
						}
					}
					if sum != want || list.Numerator != value.Numerator {
						t.Errorf("%s %s %s %s: the list sums to %v of numerator %v, the reading to %v of %v", d.Indicator.ID, v.Name, period, value.Area, sum, list.Numerator, want, value.Numerator)
					}
					compared++
					missing += want
				}
			}
		}
	}
	if compared < 120 || missing < 500 {
		t.Errorf("%d readings with %v missing units are too few to compare", compared, missing)
	}
	t.Log(fmt.Sprint(compared, " lists, ", missing, " missing units"))
}

// messyCity is a made-up city with something missing everywhere: workers that are partly covered, overdue or beyond the
// declared number, stale declarations, insured above the insurable, units that no roster knows.
func messyCity(t *testing.T) *city {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 7))
	c := newCity(t, "2026-11-15")
	towns := []string{"410184001", "410184002", "410184101", "''"}
	date := func(from string, days int) string {
		return quote(day(from).AddDate(0, 0, r.IntN(days)).Format(time.DateOnly))
	}
	chance := func(p float64) bool { return r.Float64() < p }
	hazards := func() []string {
		all := []string{noise, fume, silica, toluene}
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		return all[:1+r.IntN(3)]
	}
	var employers, declarations, exams, tests, training, insurance, doses []row
	for e := range 40 {
		key := "E" + itoa(e)
		known := employer(key).with("exposed_total", itoa(r.IntN(12)), "employees", itoa(12+r.IntN(9)),
			"township_code", quote(strings.Trim(towns[e%4], "'")), "risk_class", []string{"'severe'", "'general'"}[e%2],
			"start_date", []string{"NULL", "'2010-01-01'", "'2025-03-01'"}[e%3])
		managers := []string{}
		for m := range e % 3 {
			managers = append(managers, person(9000+10*e+m))
		}
		known = known.with("head_key", []string{"NULL", person(8000 + e)}[e%2], "manager_keys", "["+strings.Join(managers, ", ")+"]")
		if e%10 != 9 { // the others are discovered
			employers = append(employers, known)
		}
		if chance(0.8) {
			for year := 2022 + r.IntN(4); year <= 2026; year++ {
				if chance(0.3) {
					continue
				}
				for p, h := range hazards() {
					on := fmt.Sprintf("%d-%02d-10", year, 1+e%9)
					declarations = append(declarations, declaration(key, on, "w"+itoa(p), "p", h, r.IntN(8)))
				}
			}
		}
		for n := range r.IntN(12) {
			who, exposed := 100*e+n, hazards()
			on := day("2021-06-01").AddDate(0, 0, r.IntN(900))
			for kind := "'pre'"; on.Before(c.today); kind = "'in'" {
				x := exam(key, who, "in", on.Format(time.DateOnly), exposed...).with("exam_type", kind)
				if chance(0.3) {
					x = x.with("hazards_examined", list(exposed[:1]...))
				}
				if chance(0.1) {
					x = x.with("conclusion_overall", "'recheck'")
				}
				exams = append(exams, x)
				on = on.AddDate(0, 0, 200+r.IntN(500))
			}
		}
		for range r.IntN(4) {
			for p, h := range hazards() {
				tests = append(tests, detection(key, "periodic", strings.Trim(date("2021-01-01", 2000), "'"), "w"+itoa(p), "p", h))
			}
		}
		for range r.IntN(3) {
			training = append(training, row{
				"employer_key": quote(key), "person_role": "'head'", "name_key": person(8000 + e - r.IntN(2)), "train_date": date("2023-01-01", 1400), "result": "'pass'",
			})
			for _, m := range managers {
				training = append(training, row{
					"employer_key": quote(key), "person_role": "'manager'", "name_key": m, "train_date": date("2023-01-01", 1400), "result": "'pass'",
				})
			}
		}
		for month := day("2024-01-01").AddDate(0, r.IntN(20), 0); month.Before(c.today); month = month.AddDate(0, 1, 0) {
			if chance(0.7) {
				insurance = append(insurance, row{"employer_key": quote(key), "period": quote(month.Format(time.DateOnly)), "insured_count": itoa(r.IntN(25))})
			}
		}
		if e%8 == 0 {
			for w := range 5 {
				for quarter := day("2023-01-01").AddDate(0, 3*r.IntN(6), 0); quarter.Before(c.today); quarter = quarter.AddDate(0, 3, 0) {
					if chance(0.15) {
						continue
					}
					doses = append(doses, row{
						"employer_key": quote(key), "unit_kind": []string{"'medical'", "'industrial'"}[e/8%2], "worker_no": itoa(w), "person_key": person(7000 + 10*e + w),
						"start_date": "'2015-01-01'", "period_start": quote(quarter.Format(time.DateOnly)), "period_end": quote(quarter.AddDate(0, 3, -1).Format(time.DateOnly)),
						"quantity": "'hp10'", "position": "'chest'", "value": "0.1", "qualifier": "'eq'",
					})
				}
			}
		}
	}
	dust := c.query("SELECT internal_id FROM ref_diseases WHERE name_zh = '矽肺'")
	deafness := c.query("SELECT internal_id FROM ref_diseases WHERE name_zh = '噪声聋'")
	var cards []row
	for n := range 60 {
		at := day("2023-06-01").AddDate(0, 0, r.IntN(1200)).Format(time.DateOnly)
		cards = append(cards, row{
			"employer_key": quote("E" + itoa(r.IntN(45))), "card_no": itoa(n), "card_kind": "'disease'", "report_kind": "'new'", "person_key": person(6000 + n),
			"disease": quote([]string{dust, deafness}[n%2]), "diagnosis_date": quote(at), "report_date": quote(at), "exposure_months": itoa(r.IntN(120)),
		})
	}
	for stream, rows := range map[string][]row{
		"employer": employers, "declaration": declarations, "exam": exams, "detection": tests, "training": training,
		"insurance": insurance, "dose": doses, "case_report": cards,
	} {
		c.loadMany(stream, rows)
	}
	c.runOnly(targetIDs()...)
	return c
}

// TestFewest_EqualsBruteForce compares the number of employers that a what-if needs with the least over all subsets.
func TestFewest_EqualsBruteForce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gains := rapid.SliceOfN(rapid.IntRange(1, 30), 0, 10).Draw(t, "gains")
		covered := rapid.IntRange(0, 40).Draw(t, "covered")
		target := float64(rapid.IntRange(1, 100).Draw(t, "percent")) / 100
		slices.SortFunc(gains, func(a, b int) int { return b - a })
		list := transform.GapList{Numerator: float64(covered), Denominator: float64(covered), Target: &target}
		for _, gain := range gains {
			list.Denominator += float64(gain)
			list.Gaps = append(list.Gaps, transform.Gap{Missing: float64(gain)})
		}
		least := len(gains)
		for set := range 1 << len(gains) {
			n, sum := 0, covered
			for i, gain := range gains {
				if set>>i&1 == 1 {
					n, sum = n+1, sum+gain
				}
			}
			if float64(sum) >= target*list.Denominator-1e-9 {
				least = min(least, n)
			}
		}
		if got := len(list.WhatIf()); got != least {
			t.Fatalf("%d employers, the least is %d", got, least)
		}
	})
}

// TestGaps_NamesAndSince reads, by hand, who is missing and since when.
func TestGaps_NamesAndSince(t *testing.T) {
	c := newCity(t, "2026-03-31")
	c.load("employer",
		employer("A").with("exposed_total", "4"), employer("B").with("exposed_total", "1"), employer("C").with("exposed_total", "0", "start_date", "'2020-05-01'"),
	)
	c.load("declaration", declaration("A", "2024-06-01", "w", "p", noise, 4), declaration("B", "2025-06-01", "w", "p", noise, 1))
	c.load("exam",
		exam("A", 1, "in", "2024-05-10", noise), // overdue since 2025-05-11
		exam("A", 2, "in", "2025-02-01", noise, silica),
		exam("A", 2, "in", "2025-06-01", noise, silica).with("hazards_examined", list(silica)), // partly covered since 2026-02-02
		exam("A", 3, "in", "2025-07-01", noise),                                                // covered
		exam("B", 4, "in", "2024-01-01", noise), exam("B", 5, "in", "2024-03-01", noise),       // two overdue, one declared
	)
	c.load("insurance",
		row{"employer_key": "'A'", "period": "'2026-01-01'", "insured_count": "20"}, row{"employer_key": "'A'", "period": "'2026-03-01'", "insured_count": "12"},
		row{"employer_key": "'B'", "period": "'2026-03-01'", "insured_count": "25"},
	)
	c.runOnly(targetIDs()...)
	describe := func(indicator, variant string) string {
		t.Helper()
		l, err := transform.Gaps(t.Context(), c.db, ohsql.FS(), "", transform.GapFilter{Indicator: indicator, Variant: variant, Period: "2026-03"})
		if err != nil {
			t.Fatal(err)
		}
		date := func(d *string) string {
			if d == nil {
				return "?"
			}
			return *d
		}
		text := fmt.Sprintf("%v/%v surplus %v:", l.Numerator, l.Denominator, l.Surplus)
		for _, g := range l.Gaps {
			text += fmt.Sprintf(" %s %v %s %s unnamed %v beyond %v", g.Employer, g.Missing, g.Reason, date(g.Since), g.Unnamed, g.Beyond)
			for _, n := range g.Names {
				text += fmt.Sprintf(" (%s %s %s)", n.Name[max(0, len(n.Name)-1):], n.Reason, date(n.Since))
			}
			text += ";"
		}
		return text
	}
	for _, w := range []struct{ indicator, variant, want string }{
		{"T1", "strict", "0/2 surplus 0: A 1 lapsed 2025-01-01 unnamed 0 beyond 0; B 1 lapsed 2026-01-01 unnamed 0 beyond 0;"},
		{"T3", "strict", "1/5 surplus 0: A 3 partly 2025-05-11 unnamed 1 beyond 0 (1 overdue 2025-05-11) (2 partly 2026-02-02); B 1 overdue 2025-03-02 unnamed 0 beyond 1 (5 overdue 2025-03-02);"},
		{"T3", "lenient", "2/5 surplus 0: A 2 partly 2025-05-11 unnamed 1 beyond 0 (1 overdue 2025-05-11); B 1 overdue 2025-03-02 unnamed 0 beyond 1 (5 overdue 2025-03-02);"},
		{"T6", "persons", "37/60 surplus 5: C 20 never 2020-05-01 unnamed 20 beyond 0; A 8 partly 2026-02-01 unnamed 8 beyond 0;"},
	} {
		if got := describe(w.indicator, w.variant); got != w.want {
			t.Errorf("%s %s:\n%s, want\n%s", w.indicator, w.variant, got, w.want)
		}
	}
}
