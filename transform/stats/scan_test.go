package stats_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"ohwatch/transform/stats"
)

// The reference allows for chance in simulated values. Drawing R's own random numbers there is none, but for a
// simulation whose statistic equals that of the data up to rounding: R may miss it, we count it.
func TestScan_SimulationsAreThoseOfR(t *testing.T) {
	files, err := filepath.Glob("testdata/oracle/scan_*/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no reference cases: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c referenceCase
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		result, err := stats.Run(c.Method, c.Input)
		if err != nil {
			t.Fatal(err)
		}
		out, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]any
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		var input struct {
			Simulations float64 `json:"n_sim"`
		}
		if err := json.Unmarshal(c.Input, &input); err != nil {
			t.Fatal(err)
		}
		oneTie := 1.001 / (input.Simulations + 1)
		if problem := differs(got["p_value"], c.Expected["p_value"], tolerance{Abs: oneTie}); problem != "" {
			t.Errorf("%s: p_value%s", filepath.Base(file), problem)
		}
		if want, ok := c.Expected["sim_llr_quantiles"]; ok {
			if problem := differs(got["sim_llr_quantiles"], want, tolerance{Rel: 1e-9}); problem != "" {
				t.Errorf("%s: sim_llr_quantiles%s", filepath.Base(file), problem)
			}
		}
	}
}

// A simulation is the same on any number of processors, and its own generators give the distribution that R's gives.
func TestScan_GeneratorsAgree(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	const n = 40
	places := stats.Places{X: make([]float64, n), Y: make([]float64, n), Population: make([]float64, n)}
	cases := make([]float64, n)
	for i := range n {
		places.X[i], places.Y[i], places.Population[i] = r.Float64(), r.Float64(), 500+2000*r.Float64()
		cases[i] = poissonDraw(r, places.Population[i]/400)
	}
	for name, factor := range map[string]float64{"few cases": 1, "many cases": 100, "more than 16 bits hold": 400} {
		many := make([]float64, n)
		for i, c := range cases {
			many[i] = factor * c
		}
		scan := func(ofR bool, processors int) *stats.ScanResult {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
			result, err := stats.SpatialScan(places, many, nil, stats.ScanOptions{MaxShare: 0.5, Simulations: 1999, Seed: 3, OfR: ofR})
			if err != nil {
				t.Fatal(err)
			}
			return result
		}
		one := scan(false, 1)
		if four := scan(false, 4); !slices.Equal(one.Simulated, four.Simulated) || one.P != four.P {
			t.Errorf("%s: one processor and four give different simulations", name)
		}
		ofR := scan(true, 4)
		if again := scan(true, 1); !slices.Equal(ofR.Simulated, again.Simulated) {
			t.Errorf("%s: one processor and four give different simulations of R's", name)
		}
		for _, p := range []float64{0.25, 0.5, 0.75, 0.95} {
			at := int(p * 1999)
			if a, b := one.Simulated[at], ofR.Simulated[at]; math.Abs(a-b) > 0.06*b {
				t.Errorf("%s: quantile %v is %v, with R's numbers %v", name, p, a, b)
			}
		}
	}
}
