package stats

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// groupCase is what reference cases of exposures have in common.
type groupCase struct {
	Input struct {
		Value    []float64 `json:"value"`
		BelowLOD []bool    `json:"below_lod"`
		OEL      float64   `json:"oel"`
		Conf     float64   `json:"conf"`
	} `json:"input"`
	Expected map[string]any `json:"expected"`
}

func groupCases(t *testing.T, method string) map[string]groupCase {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "oracle", method, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no reference cases of %s: %v", method, err)
	}
	cases := map[string]groupCase{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c groupCase
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if c.Expected["error"] == nil {
			cases[filepath.Base(file)] = c
		}
	}
	return cases
}

// TestEstimateGroup_Reference holds the estimates to R's: those of EN 689 where everything is detected, the likelihood's otherwise.
func TestEstimateGroup_Reference(t *testing.T) {
	compared := 0
	same := func(file, what string, got float64, want any) {
		t.Helper()
		if w, ok := want.(float64); ok {
			compared++
			if math.Abs(got-w) > 1e-9+1e-5*math.Abs(w) {
				t.Errorf("%s: %s is %v, want %v", file, what, got, w)
			}
		}
	}
	for file, c := range groupCases(t, "en689") {
		if v := c.Input.Value; slices.Min(v) == slices.Max(v) { // R has a spread of rounding errors, or none
			continue
		}
		g, err := NewGroupEstimator(0.95).Estimate(Measurements{Value: c.Input.Value, BelowLOD: make([]bool, len(c.Input.Value))}, c.Input.OEL)
		if err != nil || g.Method != BySample {
			t.Errorf("%s: %v, %s", file, err, g.Method)
			continue
		}
		same(file, "GM", g.GM, c.Expected["gm"])
		same(file, "GSD", g.GSD, c.Expected["gsd"])
		if g.N >= 6 && g.N <= 523 {
			same(file, "exceedance", g.Exceedance, c.Expected["exceedance_point"])
			same(file, "U_R", g.UR, c.Expected["u_r"])
			same(file, "U_T", g.UT, c.Expected["ut_k_factor"])
			same(file, "upper limit", g.P95Upper, c.Expected["utl_95_95"])
			if want, ok := c.Expected["compliant"].(bool); ok && want != (g.Verdict == Compliance) {
				t.Errorf("%s: verdict %s, want compliant %v", file, g.Verdict, want)
			}
		}
	}
	for file, c := range groupCases(t, "censored_lognormal") {
		below := 0
		for _, b := range c.Input.BelowLOD {
			if b {
				below++
			}
		}
		g, err := NewGroupEstimator(c.Input.Conf).Estimate(Measurements{Value: c.Input.Value, BelowLOD: c.Input.BelowLOD}, c.Input.OEL)
		if err != nil || below > 0 && g.Method != ByLikelihood {
			t.Errorf("%s: %v, %s", file, err, g.Method)
		}
		if below == 0 {
			continue
		}
		for what, pair := range map[string]struct {
			got float64
			key string
		}{
			"GM": {g.GM, "gm"}, "GSD": {g.GSD, "gsd"}, "mean": {g.Mean, "arithmetic_mean"}, "P95": {g.P95, "p95"}, "its limit": {g.P95Upper, "p95_ucl"},
			"exceedance": {g.Exceedance, "exceedance"}, "limit of it": {g.ExceedanceUpper, "exceedance_ucl"},
		} {
			same(file, what, pair.got, c.Expected[pair.key])
		}
	}
	if compared < 100 {
		t.Errorf("only %d numbers were compared", compared)
	}
}

// TestEstimateGroup_Verdicts has groups whose outcome follows from the text of the standard.
func TestEstimateGroup_Verdicts(t *testing.T) {
	const oel = 10
	for name, c := range map[string]struct {
		value   []float64
		below   []int // places of values below quantification
		oel     float64
		verdict Verdict
		method  GroupMethod
	}{
		"two, small":                     {value: []float64{0.1, 0.2}, verdict: TooFew, method: BySample},
		"two, one above":                 {value: []float64{0.1, 11}, verdict: NonCompliance, method: BySample},
		"three below a tenth":            {value: []float64{0.1, 0.5, 0.9}, verdict: Compliance, method: BySample},
		"three, one at a tenth":          {value: []float64{0.1, 0.5, 1}, verdict: NoDecision, method: BySample},
		"four below 15 %":                {value: []float64{0.1, 0.5, 1, 1.4}, verdict: Compliance, method: BySample},
		"five below 20 %":                {value: []float64{0.1, 0.5, 1, 1.4, 1.9}, verdict: Compliance, method: BySample},
		"five, one above":                {value: []float64{0.1, 0.5, 1, 1.4, 10.1}, verdict: NonCompliance, method: BySample},
		"three below quantification":     {value: []float64{0.5, 0.5, 0.5}, below: []int{0, 1, 2}, verdict: Compliance, method: NoEstimate},
		"a level too high to decide":     {value: []float64{0.5, 0.5, 2}, below: []int{0, 1, 2}, verdict: NoDecision, method: NoEstimate},
		"a level above the limit":        {value: []float64{0.5, 0.4, 12}, below: []int{2}, verdict: NoDecision, method: ByLikelihood},
		"six, all below quantification":  {value: []float64{1, 1, 1, 1, 1, 1}, below: []int{0, 1, 2, 3, 4, 5}, verdict: Compliance, method: NoEstimate},
		"six, levels above a fifth":      {value: []float64{3, 3, 3, 3, 3, 3}, below: []int{0, 1, 2, 3, 4, 5}, verdict: NoDecision, method: NoEstimate},
		"six equal":                      {value: []float64{3, 3, 3, 3, 3, 3}, verdict: NoDecision, method: NoEstimate},
		"six narrow and low":             {value: []float64{1, 1.2, 0.9, 1.1, 1.3, 0.8}, verdict: Compliance, method: BySample},
		"six wide":                       {value: []float64{0.1, 9, 1, 3, 0.5, 6}, verdict: NonCompliance, method: BySample},
		"eight with two below":           {value: []float64{0.2, 0.2, 0.4, 0.5, 0.8, 0.9, 0.3, 0.6}, below: []int{0, 1}, verdict: Compliance, method: ByLikelihood},
		"eight with two below, too wide": {value: []float64{0.2, 0.2, 9, 5, 0.8, 7, 0.3, 6}, below: []int{0, 1}, verdict: NonCompliance, method: ByLikelihood},
		"no limit":                       {value: []float64{0.1, 0.2, 0.4}, oel: -1, verdict: NoLimit, method: BySample},
	} {
		t.Run(name, func(t *testing.T) {
			m := Measurements{Value: c.value, BelowLOD: make([]bool, len(c.value))}
			for _, i := range c.below {
				m.BelowLOD[i] = true
			}
			limit := float64(oel)
			if c.oel < 0 {
				limit = 0
			}
			g, err := NewGroupEstimator(0.95).Estimate(m, limit)
			if err != nil || g.Verdict != c.verdict || g.Method != c.method || g.N != len(c.value) || g.Below != len(c.below) {
				t.Errorf("%+v, %v; want %s by %s", g, err, c.verdict, c.method)
			}
			if (g.Method == NoEstimate) != math.IsNaN(g.GM) || limit == 0 && !math.IsNaN(g.Exceedance) {
				t.Errorf("estimates: %+v", g)
			}
		})
	}
	for name, m := range map[string]Measurements{
		"none": {}, "zero": {Value: []float64{0, 1}, BelowLOD: []bool{false, false}}, "uneven": {Value: []float64{1}, BelowLOD: nil},
	} {
		if _, err := NewGroupEstimator(0.95).Estimate(m, oel); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestExceedanceUpper_InvertsTolerance: where the limit lies at the tolerance factor for a coverage of 95 %, 5 % is the upper limit.
func TestExceedanceUpper_InvertsTolerance(t *testing.T) {
	for _, n := range []int{2, 3, 6, 10, 30, 200} {
		for _, level := range []float64{0.7, 0.95} {
			for _, coverage := range []float64{0.5, 0.95, 0.999} {
				if got := exceedanceUpper(toleranceFactor(n, coverage, level, false), n, level); math.Abs(got-(1-coverage)) > 1e-7 {
					t.Errorf("n %d, level %v, coverage %v: %v", n, level, coverage, got)
				}
			}
		}
	}
}

// TestEstimateGroup_Properties: estimates do not hang on the order or the unit of the measurements, limits are above estimates.
func TestEstimateGroup_Properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 25).Draw(t, "n")
		m := Measurements{}
		for range n {
			m.Value = append(m.Value, rapid.Float64Range(0.01, 50).Draw(t, "value"))
			m.BelowLOD = append(m.BelowLOD, rapid.IntRange(0, 3).Draw(t, "below") == 0)
		}
		g, err := NewGroupEstimator(0.95).Estimate(m, 10)
		if err != nil {
			t.Fatal(err)
		}
		other := Measurements{}
		for i := range m.Value {
			other.Value = append(other.Value, 1000*m.Value[n-1-i])
			other.BelowLOD = append(other.BelowLOD, m.BelowLOD[n-1-i])
		}
		h, err := NewGroupEstimator(0.95).Estimate(other, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		near := func(a, b float64) bool {
			return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-4*math.Max(math.Abs(a), math.Abs(b)) || a == b
		}
		if g.Method != h.Method || g.Preliminary != h.Preliminary || !near(1000*g.GM, h.GM) || !near(g.GSD, h.GSD) || !near(1000*g.P95, h.P95) {
			t.Fatalf("%+v\n%+v", g, h)
		}
		if g.P95Upper < g.P95*(1-1e-9) || g.ExceedanceUpper < g.Exceedance-1e-9 || g.GSD < 1 {
			t.Fatalf("%+v", g)
		}
	})
}

// BenchmarkGroupEstimator estimates groups of six to twenty measurements, a quarter of them below quantification in every other group.
func BenchmarkGroupEstimator(b *testing.B) {
	e := NewGroupEstimator(0.95)
	for i := 0; b.Loop(); i++ {
		m := Measurements{}
		for k := range 6 + i%15 {
			m.Value = append(m.Value, 0.1+float64((i*31+k*17)%97)/20)
			m.BelowLOD = append(m.BelowLOD, i%2 == 0 && k%4 == 0)
		}
		if _, err := e.Estimate(m, 6); err != nil {
			b.Fatal(err)
		}
	}
}
