package reports

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
)

func parsePeriod(t testing.TB, text string) period.Period {
	t.Helper()
	p, err := period.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fullSituation is a report with all its parts, made by hand.
func fullSituation(t testing.TB, kind Kind, text string) *Situation {
	b := fullBulletin(t)
	s := &Situation{
		Kind: kind, Period: parsePeriod(t, text), Today: b.Today, HasCases: true,
		New: Comparison{8, 1, 6, true}, Suspected: Comparison{17, 8, 6, true},
		Warnings: b.Warnings, Rules: b.Rules, Readings: b.Readings, CasesByYear: b.CasesByYear, CasesByStep: b.CasesByQuarter, ShortDust: b.ShortExposure,
		Snapshot: b.Snapshot, Revision: Revision{Number: 1},
	}
	s.Masthead.RedHead = message.Text{Zh: "新郑市卫生健康委员会文件", En: "Xinzheng Health Commission"}
	for i := range s.Warnings {
		s.Warnings[i].State = []string{"new", "acting", "acknowledged"}[i%3]
	}
	for i := range s.Readings {
		r := &s.Readings[i]
		r.Steps = nil
		for k := range 5 {
			p := Point{Period: s.Period.Prev(4 - k), Value: r.History[min(k, len(r.History)-1)].Value, Provisional: k == 4}
			r.Steps = append(r.Steps, p)
		}
	}
	over := func(id, zh, en, unit string, now, before Value) {
		s.Surveillance = append(s.Surveillance, Reading{
			Indicator: id, Version: "1", Variant: "all", Title: message.Text{Zh: zh, En: en}, Unit: unit, Direction: "down", Value: now, Status: "no_target",
			History: []Point{{Period: s.Period.YearEarlier(), Value: before}, {Period: s.Period, Value: now}},
		})
	}
	over("S1", "职业病危害因素超标率（岗位×因素）", "Posts and factors over the limit", "share", shareOf(162, 2251, .062, .083), shareOf(260, 2400, .096, .121))
	over("S3", "疑似职业病检出率", "Persons suspected of an occupational disease", "per_10000",
		Value{N: 12, D: number(41000), Value: number(2.93), Lower: number(1.5), Upper: number(5.1)}, Value{N: 3, D: number(40100), Value: number(.75), Lower: number(.2), Upper: number(2.2)})
	over("S6", "复查完成率", "Re-examinations done in time", "share", shareOf(7, 9, .4, .94), shareOf(6, 11, .28, .79))
	over("S10a", "人均年有效剂量", "Mean annual effective dose", "mean", Value{N: 108.7, D: number(430), Value: number(.2528), Lower: number(.21), Upper: number(.3)}, Value{})
	for i, place := range b.Rankings[0].Places {
		p := Standpoint{Area: Area{Code: place.Code, Name: place.Name}}
		for k, r := range s.Readings {
			v, status := place.Value, "below"
			switch {
			case r.Indicator == "T5" && i%3 == 0:
				v = Value{}
			case r.Indicator == "T7":
				v = countOf(float64(i%4), 0, 9)
			case r.Indicator == "T8":
				v = shareOf(float64(i%2), float64(i%4+1), 0, 1)
			case k%2 == 1:
				v = shareOf(float64(90+i), 100, .8, .99)
			}
			p.Readings = append(p.Readings, PlaceReading{Indicator: r.Indicator, Value: v, Status: status})
		}
		s.Places = append(s.Places, p)
	}
	s.rankPlaces()
	for i, status := range []string{"likely", "unlikely", "open", "too_short"} {
		r := s.Readings[i]
		p := Projection{Indicator: r.Indicator, Title: r.Title, Unit: r.Unit, Target: r.Target, Status: status, Projected: Value{Value: number(.9 + .02*float64(i))}}
		if status != "too_short" {
			p.Projected.Lower, p.Projected.Upper, p.Probability = number(.88+.02*float64(i)), number(.93+.02*float64(i)), number([]float64{.997, .003, .42}[i])
		}
		s.Projections = append(s.Projections, p)
	}
	s.Exposure = []ExposureLevel{
		{Hazard: message.Text{Zh: "矽尘（游离SiO2含量≥10%）", En: "Silica dust (free SiO2 of 10 % and more)"}, Exceeding: 92, Undecided: 310, Compliant: 90, TooFew: 36, Over: 140},
		{Hazard: message.Text{Zh: "噪声", En: "Noise"}, Exceeding: 30, Undecided: 66, Compliant: 70, TooFew: 30, Over: 44},
	}
	s.Dose = &DoseTable{Year: 2025, Bands: []string{"<MDL", "≤1", "1–5", "5–15", ">15"}, Counts: []int{132, 284, 14, 1, 0}, Monitored: 431, Collective: 108.7, Mean: number(.2528), Max: number(7.49)}
	s.Funnel = []FunnelStep{{"suspected", number(301), number(290)}, {"diagnosed", number(162), number(160)}, {"recognised", number(120), number(119)}, {"benefits", number(97), nil}}
	s.Waits = []Wait{
		{Name: "diagnosis", N: number(301), Reached: number(162), Open: number(3), Median: number(61), Lower: number(55), Upper: number(70)},
		{Name: "recognition", N: number(162), Reached: number(120), Open: nil, Hidden: true},
	}
	return s
}

// letter is the sample letter to a township.
func letter(t testing.TB) *Situation {
	s := fullSituation(t, KindTownship, "2026Q3")
	s.Area = s.Places[2].Area
	s.Exposure, s.Dose, s.Funnel, s.Waits = nil, nil, nil, nil
	s.Gaps = []GapList{
		{Indicator: "T3", Title: s.Readings[2].Title, Needed: 1, Missing: 120, Employers: 21, Lines: []GapLine{
			{Employer: "新郑华兴木业有限公司", Missing: 47, Of: 47, Since: "2026-06-16", Reason: message.Text{Zh: "逾期", En: "overdue"}},
			{Employer: "郑州宏达耐火材料有限公司", Missing: 46, Of: 70, Reason: message.Text{Zh: "部分完成", En: "partly"}},
		}},
		{Indicator: "T1", Title: s.Readings[0].Title, Missing: 1, Employers: 1, Lines: []GapLine{{Employer: strings.Repeat("一百字名称", 20), Missing: 1, Reason: message.Text{Zh: "从未", En: "never"}}}},
	}
	return s
}

// revised is the second version of the sample report.
func revised(t testing.TB) *Situation {
	s := fullSituation(t, KindQuarterly, "2026Q3")
	s.Revision = Revision{Number: 2, Of: strings.Repeat("ab", 32), Total: 214, Changes: []Change{
		{Indicator: "T1", Title: s.Readings[0].Title, Period: "2026Q3", Unit: "share", Before: shareOf(960, 1013, 0, 1), After: s.Readings[0].Value, Causes: []string{"corrections", "late_rows"}},
		{Indicator: "T7", Title: s.Readings[7].Title, Period: "2026Q3", Unit: "count", Before: Value{}, After: countOf(8, 3, 16), Causes: []string{"late_rows"}},
	}}
	return s
}

func emptySituation(t testing.TB, kind Kind, text string) *Situation {
	return &Situation{Kind: kind, Period: parsePeriod(t, text), Today: period.Date(2026, time.November, 16), Revision: Revision{Number: 1}}
}

// hostileSituation has names that try to break out of the page.
func hostileSituation(t testing.TB) *Situation {
	s := revised(t)
	bad := message.Text{Zh: hostile, En: hostile}
	s.Organisation, s.RedHead = bad, bad
	for i := range s.Warnings {
		s.Warnings[i].Object, s.Warnings[i].Area, s.Warnings[i].Args = hostile, bad, map[string]string{"n": hostile, "what": hostile}
	}
	for i := range s.Places {
		s.Places[i].Name = bad
	}
	for i := range s.Readings {
		s.Readings[i].Title, s.Readings[i].Clause = bad, hostile
	}
	for i := range s.Exposure {
		s.Exposure[i].Hazard = bad
	}
	s.rankPlaces()
	return s
}

func renderSituation(t testing.TB, s *Situation, lang message.Lang) []byte {
	t.Helper()
	data, err := RenderSituation(s, printer(t, lang))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestSituation_Golden(t *testing.T) {
	for _, c := range []struct {
		name string
		make func(testing.TB) *Situation
	}{
		{"quarterly", revised},
		{"annual", func(t testing.TB) *Situation { return fullSituation(t, KindAnnual, "2025") }},
		{"township", letter},
		{"monthly-empty", func(t testing.TB) *Situation { return emptySituation(t, KindMonthly, "2026-10") }},
		{"quarterly-public", func(t testing.TB) *Situation { s := revised(t); s.Hide(5); return s }},
	} {
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			page := renderSituation(t, c.make(t), lang)
			if !bytes.Equal(page, renderSituation(t, c.make(t), lang)) {
				t.Errorf("%s %s: two pages of the same report differ", c.name, lang)
			}
			if len(page) > 2_000_000 {
				t.Errorf("%s %s: %d bytes, want below 2 MB", c.name, lang, len(page))
			}
			text := pageText(t, page)
			if strings.Contains(text, "[report.") || strings.Contains(text, "{") {
				t.Errorf("%s %s: a text is missing", c.name, lang)
			}
			golden(t, c.name+"."+string(lang)+".golden", text)
		}
	}
}

func TestSituation_HostileNames(t *testing.T) {
	tame, wild := elements(t, renderSituation(t, revised(t), message.English)), elements(t, renderSituation(t, hostileSituation(t), message.English))
	for _, name := range []string{"script", "style", "svg", "section", "table", "figure", "img"} {
		if tame[name] != wild[name] {
			t.Errorf("%d elements <%s> with hostile names, %d without", wild[name], name, tame[name])
		}
	}
}

// TestSituation_Words writes the points for the cases that grammar and honesty turn on.
func TestSituation_Words(t *testing.T) {
	var out strings.Builder
	quarter := func(change func(*Situation)) *Situation {
		s := emptySituation(t, KindQuarterly, "2026Q3")
		s.HasCases, s.Snapshot = true, Snapshot{Batch: 7, Batches: 7}
		change(s)
		return s
	}
	one := func(now, before Value) Reading {
		return Reading{
			Indicator: "T1", Title: message.Text{Zh: "申报率", En: "Declaration rate"}, Unit: "share", Target: number(.95), Status: "below", Value: now, Gap: number(3),
			History: []Point{{Value: before}, {Value: now}},
		}
	}
	for _, c := range []struct {
		name string
		s    *Situation
	}{
		{"no data", emptySituation(t, KindQuarterly, "2026Q3")},
		{"none", quarter(func(s *Situation) { s.New.HasPast, s.Suspected.HasPast = true, true })},
		{"one", quarter(func(s *Situation) {
			s.New = Comparison{1, 0, 1, true}
			s.Warnings = []Warning{{Severity: Red, New: true, Open: true, State: "new", Addressee: []string{"WJW"}, Due: s.Period.End.AddDate(0, 0, -9)}}
			s.Projections = []Projection{{Indicator: "T1", Title: message.Text{Zh: "申报率", En: "Declaration rate"}, Status: "unlikely"}}
		})},
		{"rise beyond chance", quarter(func(s *Situation) {
			s.New, s.Suspected = Comparison{20, 5, 6, true}, Comparison{40, 41, 20, true}
			s.Readings = []Reading{one(shareOf(970, 1000, .958, .979), shareOf(900, 1000, .88, .918))}
			s.Surveillance = []Reading{{Indicator: "S1", Unit: "share", Value: shareOf(300, 2000, .135, .166), History: []Point{{Value: shareOf(200, 2000, .087, .114)}, {Value: shareOf(300, 2000, .135, .166)}}}}
		})},
		{"fall beyond chance, running", quarter(func(s *Situation) {
			s.Today = s.Period.Start.AddDate(0, 1, 0)
			s.New = Comparison{5, 20, 21, true}
			s.Readings = []Reading{one(shareOf(900, 1000, .88, .918), shareOf(970, 1000, .958, .979))}
			s.Surveillance = []Reading{{Indicator: "S1", Unit: "share", Value: shareOf(2, 9, .03, .6)}}
		})},
		{"no evidence", quarter(func(s *Situation) {
			s.New = Comparison{9, 7, 11, true}
			s.Readings = []Reading{one(shareOf(900, 1000, .88, .918), shareOf(910, 1000, .891, .926)), one(shareOf(2, 9, .03, .6), shareOf(8, 9, .52, .99))}
		})},
		{"no past", quarter(func(s *Situation) { s.New = Comparison{Now: 9, Before: 3} })},
		{"revision", quarter(func(s *Situation) { s.Revision = Revision{Number: 3, Total: 12} })},
		{"revision without a change", quarter(func(s *Situation) { s.Revision = Revision{Number: 2} })},
		{"hidden", quarter(func(s *Situation) {
			s.New, s.Suspected = Comparison{3, 9, 2, true}, Comparison{30, 4, 8, true}
			s.Hide(5)
		})},
		{"a year", func() *Situation {
			s := emptySituation(t, KindAnnual, "2025")
			s.HasCases, s.New, s.Snapshot = true, Comparison{18, 27, 27, true}, Snapshot{Batch: 7, Batches: 7}
			return s
		}()},
		{"a letter", letter(t)},
	} {
		for _, lang := range []message.Lang{message.Chinese, message.English} {
			out.WriteString("## " + c.name + " (" + string(lang) + ")\n")
			for _, p := range (words{printer(t, lang)}).summaryOf(c.s) {
				out.WriteString(p.Head + ": " + p.Text + "\n")
			}
			out.WriteString("\n")
		}
	}
	golden(t, "situation-words.golden", out.String())
}

// TestSituation_Hide checks that a report without small cells shows none: no count under five of persons in any township, and no
// number of the visible ones together with the city's gives one away.
func TestSituation_Hide(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := fullSituation(t, KindQuarterly, "2026Q3")
		s.Readings = s.Readings[:1]
		s.Places = s.Places[:rapid.IntRange(2, 6).Draw(rt, "townships")]
		total := Value{D: number(0)}
		for i := range s.Places {
			n, rest := float64(rapid.IntRange(0, 9).Draw(rt, "n")), float64(rapid.IntRange(0, 9).Draw(rt, "rest"))
			s.Places[i].Readings = []PlaceReading{{Indicator: "T1", Value: Value{N: n, D: number(n + rest), Value: number(.5)}}}
			total.N, *total.D = total.N+n, *total.D+n+rest
		}
		total.Value = number(.5)
		s.Readings[0].Value, s.Readings[0].History, s.Readings[0].Steps = total, nil, nil
		truth := make([]Value, len(s.Places))
		for i, p := range s.Places {
			truth[i] = p.Readings[0].Value
		}
		s.Hide(5)
		hidden := 0
		for i, p := range s.Places {
			v := p.Readings[0].Value
			small := func(x float64) bool { return x >= 1 && x < 5 }
			if v.Hidden {
				hidden++
				if v.N != 0 || v.D != nil || v.Value != nil {
					rt.Fatal("a hidden value still holds its numbers")
				}
			} else if small(truth[i].N) || small(*truth[i].D-truth[i].N) || small(*truth[i].D) {
				rt.Fatalf("%v of %v is shown", v.N, *v.D)
			}
		}
		if hidden == 1 && !s.Readings[0].Value.Hidden {
			rt.Fatal("the one hidden township follows from the city and the others")
		}
	})
}
