package transform_test

import (
	"fmt"
	"strings"
	"testing"

	"ohwatch/transform"
	"ohwatch/transform/stats"
)

// TestExposure_Groups puts measurements of posts into groups, estimates them like the package of statistics does, and computes
// only the groups whose measurements changed.
func TestExposure_Groups(t *testing.T) {
	c := newCity(t, "2026-01-31")
	files := onlyOf(t, "fct_exposure_group", "fct_detection_judgement", "dim_hazard")
	c.load("employer", employer("A").with("township_code", "'410184101'"), employer("B"))
	next := 0
	measured := func(post, day string, values ...string) (rows []row) {
		for _, v := range values {
			next++
			r := result(0, benzene, "TWA", strings.TrimPrefix(v, "<"), "mg/m3", "post", quote(post), "sample_date", quote(day),
				"sample_no", quote(itoa(next)), "method", "'personal'")
			if strings.HasPrefix(v, "<") {
				r = r.with("qualifier", "'lt'", "value", "NULL", "lod", strings.TrimPrefix(v, "<"))
			}
			rows = append(rows, r)
		}
		return rows
	}
	complete := []string{"1", "1.2", "0.9", "1.1", "1.3", "0.8"}
	censored := []string{"0.4", "<0.2", "<0.2", "0.5", "3", "0.9", "0.3", "0.6"}
	var rows []row
	rows = append(rows, measured("complete", "2025-03-01", complete...)...)
	rows = append(rows, measured("censored", "2025-03-01", censored[:4]...)...)
	rows = append(rows, measured("censored", "2025-09-01", censored[4:]...)...) // the same year
	rows = append(rows, measured("censored", "2024-09-01", "0.1", "0.2")...)    // another one
	rows = append(rows, measured("few", "2025-03-01", "0.1", "0.2", "<0.3")...)
	rows = append(rows, measured("few", "2025-03-01", "0")...) // no level: unusable
	rows = append(rows, result(0, benzene, "TWA", "NULL", "mg/m3", "post", "'few'", "qualifier", "'nd'", "sample_no", "'nd'"))
	rows = append(rows, result(0, benzene, "STEL", "4", "mg/m3", "post", "'few'", "sample_no", "'stel'"))
	rows = append(rows, result(0, noise, "LEX8h", "88", "dB(A)", "post", "'few'", "sample_no", "'noise'"))                                // no concentration
	rows = append(rows, result(0, benzene, "TWA", "900", "mg/m3", "post", "'few'", "sample_no", "'accident'", "test_kind", "'accident'")) // not a routine one
	rows = append(rows, result(0, monoxide, "TWA", "10", "ppm", "post", "'long'", "sample_no", "'ppm1'", "hours_day", "12"))
	rows = append(rows, result(0, monoxide, "TWA", "12", "ppm", "post", "'long'", "sample_no", "'ppm2'"))
	c.load("detection", rows...)
	steps := func(r transform.Result) (built bool, groups uint64) {
		for _, s := range r.Steps {
			if s.Name == "ind_exposure_group" {
				return s.Built, s.Rows
			}
		}
		t.Fatal("no step for the groups")
		return false, 0
	}
	if built, n := steps(c.runWith(files)); !built || n != 6 {
		t.Errorf("built %v with %d groups, want 6", built, n)
	}

	groups, err := transform.Exposures(t.Context(), c.db, transform.ExposureFilter{Year: 2025})
	if err != nil {
		t.Fatal(err)
	}
	byPost := map[string]transform.Exposure{}
	for _, g := range groups {
		byPost[g.Post+g.LimitType] = g
	}
	if len(byPost) != 5 {
		t.Fatalf("%d groups of 2025, want 5: %+v", len(byPost), groups)
	}
	for post, values := range map[string][]string{"complete": complete, "censored": censored} {
		var m stats.Measurements
		for _, v := range values {
			var x float64
			if _, err := fmt.Sscan(strings.TrimPrefix(v, "<"), &x); err != nil {
				t.Fatal(err)
			}
			m.Value, m.BelowLOD = append(m.Value, x), append(m.BelowLOD, strings.HasPrefix(v, "<"))
		}
		want, err := stats.NewGroupEstimator(0.95).Estimate(m, 6)
		if err != nil {
			t.Fatal(err)
		}
		g := byPost[post+"TWA"]
		if g.N != uint64(want.N) || g.Below != uint64(want.Below) || g.Method != string(want.Method) || g.Verdict != string(want.Verdict) || !g.IsReliable ||
			g.Limit != 6 || g.Personal != g.N || g.Area != "410184101" || g.HazardZh == "" {
			t.Errorf("%s: %+v, want %+v", post, g, want)
			continue
		}
		for what, pair := range map[string]struct {
			got  *float64
			want float64
		}{
			"GM": {g.GM, want.GM}, "GSD": {g.GSD, want.GSD}, "mean": {g.Mean, want.Mean}, "P95": {g.P95, want.P95}, "its limit": {g.P95Upper, want.P95Upper},
			"exceedance": {g.Exceedance, want.Exceedance}, "its upper limit": {g.ExceedanceUpper, want.ExceedanceUpper}, "U_R": {g.UR, want.UR}, "U_T": {g.UT, want.UT},
		} {
			if pair.got == nil || !close9(*pair.got, pair.want) {
				t.Errorf("%s: %s is %v, want %v", post, what, pair.got, pair.want)
			}
		}
	}
	if g := byPost["fewTWA"]; g.N != 3 || g.Below != 1 || g.Unusable != 2 || g.Verdict != "compliance" || g.Preliminary != "compliance" || g.IsReliable {
		t.Errorf("few: %+v", g)
	}
	if g := byPost["fewSTEL"]; g.N != 1 || g.Verdict != "too-few" || g.Limit != 10 {
		t.Errorf("a single short-term sample: %+v", g)
	}
	if g := byPost["longTWA"]; g.N != 2 || g.Unit != "mg/m3" || g.Limit != 10 || g.Mean == nil || !close9(*g.Mean, 11*28.01/24.05) || g.Verdict != "non-compliance" {
		t.Errorf("ppm and a long shift: %+v", g)
	}

	// Nothing new: nothing is computed. One more measurement: one group is.
	if built, _ := steps(c.runWith(files)); built {
		t.Error("was made again without need")
	}
	c.load("detection", measured("complete", "2025-10-01", "1.05")...)
	if built, n := steps(c.runWith(files)); !built || n != 1 {
		t.Errorf("built %v, %d groups computed, want 1", built, n)
	}
	table := func() string {
		return c.query("SELECT toString(tuple(*)) FROM ind_exposure_group ORDER BY ALL")
	}
	before := table()
	full, err := transform.Run(t.Context(), c.db, transform.Options{Today: c.today, Full: true, Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if _, n := steps(full); n != 6 || table() != before {
		t.Errorf("%d groups computed in full:\n%s\nwant\n%s", n, table(), before)
	}

	// The list of disagreements: the values below are all 符合, 14 mg/m3 of carbon monoxide at a limit of 10 is over.
	dissents, err := transform.Dissents(t.Context(), c.db, transform.DissentFilter{From: day("2025-01-01"), To: day("2025-12-31"), Kind: "missed"})
	if err != nil || len(dissents) != 3 { // the noise and the accident as well
		t.Fatalf("%+v, %v", dissents, err)
	}
	for _, d := range dissents {
		if d.State != "over" || d.Word != "pass" || d.Employer != "A" || d.Area != "410184101" || len(d.Lines) == 0 || d.Value <= d.Limit {
			t.Errorf("disagreement: %+v", d)
		}
	}
	if dissents, err = transform.Dissents(t.Context(), c.db, transform.DissentFilter{From: day("2024-01-01"), To: day("2026-12-31"), Kind: "stricter"}); err != nil || len(dissents) != 0 {
		t.Errorf("stricter: %+v, %v", dissents, err)
	}
}

func close9(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }
