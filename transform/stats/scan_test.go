package stats_test

import (
	"encoding/json"
	"os"
	"path/filepath"
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
