package simulate

import (
	"context"
	"os"
	"strconv"
	"testing"
)

// TestRun_ToFolder writes a city to the folder of OHWATCH_SIMULATE_OUT, for people who want to look at one.
func TestRun_ToFolder(t *testing.T) {
	out := os.Getenv("OHWATCH_SIMULATE_OUT")
	if out == "" {
		t.Skip("OHWATCH_SIMULATE_OUT is not set")
	}
	scale := 1.0
	if s := os.Getenv("OHWATCH_SIMULATE_SCALE"); s != "" {
		scale, _ = strconv.ParseFloat(s, 64)
	}
	s, err := Run(context.Background(), Options{Out: out, Truth: out + ".truth.json", Seed: 1, Scale: scale})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s)
}
