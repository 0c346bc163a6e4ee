package transform

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestDiscoveries_Property holds of Benjamini and Hochberg's rates: in any order of the tests each has the same rate, a smaller p has no larger rate, a
// rate is at least its p, and calling those up to a level calls at most what R's definition does.
func TestDiscoveries_Property(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.Float64Range(0, 1), 1, 40).Draw(t, "p")
		q := falseDiscovery(p)
		order := rapid.Permutation(slices.Clone(p)).Draw(t, "order")
		again := falseDiscovery(order)
		for i := range p {
			if q[i] < p[i] || q[i] > 1 {
				t.Fatalf("p %v has the rate %v", p[i], q[i])
			}
			for k := range p {
				if p[i] < p[k] && q[i] > q[k] {
					t.Fatalf("p %v has the rate %v, %v has %v", p[i], q[i], p[k], q[k])
				}
				if order[k] == p[i] && again[k] != q[i] {
					t.Fatalf("in another order p %v has the rate %v, not %v", p[i], again[k], q[i])
				}
			}
		}
		level := rapid.Float64Range(0, 1).Draw(t, "level")
		sorted := slices.Sorted(slices.Values(p))
		want := 0
		for k, x := range sorted {
			if x*float64(len(p))/float64(k+1) <= level {
				want = k + 1
			}
		}
		called := 0
		for _, x := range q {
			if x <= level {
				called++
			}
		}
		if called != want {
			t.Fatalf("%d called at %v, want %d", called, level, want)
		}
	})
}

// week of a simulated city: the p-values of 200 exact Poisson tests, the first affected of them with the given excess.
func poissonFamily(random *rand.Rand, affected int, excess float64) []float64 {
	p := make([]float64, 200)
	for i := range p {
		mean := 0.1 + 3*random.Float64()
		c := delayedCity{random: random}
		rate := mean
		if i < affected {
			rate *= excess
		}
		n := c.poisson(rate)
		term, below := math.Exp(-mean), 0.0
		for k := 0.0; k < n; k++ {
			below += term
			term *= mean / (k + 1)
		}
		p[i] = math.Max(1-below, 1e-15)
	}
	return p
}

// TestDiscoveries_FalseShare simulates weeks in which nothing is going on, and weeks in which ten of two hundred units have six times their cases:
// the mean share of false ones among the called stays within the rate, and most of the ten are found.
func TestDiscoveries_FalseShare(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 3))
	const weeks, rate = 400, 0.05
	quiet, share, found := 0, 0.0, 0
	for range weeks {
		for _, q := range falseDiscovery(poissonFamily(random, 0, 1)) {
			if q <= rate {
				quiet++
				break
			}
		}
		wrong, right := 0, 0
		for i, q := range falseDiscovery(poissonFamily(random, 10, 6)) {
			switch {
			case q > rate:
			case i < 10:
				right++
			default:
				wrong++
			}
		}
		share += float64(wrong) / math.Max(1, float64(wrong+right))
		found += right
	}
	t.Logf("of quiet weeks %.3f call something, the false share is %.3f, %.2f of ten are found", float64(quiet)/weeks, share/weeks, float64(found)/weeks)
	const error3 = 3 * 0.011 // three standard errors of a rate of 0.05 in 400 weeks
	if float64(quiet)/weeks > rate+error3 || share/weeks > rate+error3 {
		t.Errorf("%.3f of quiet weeks call something, the false share is %.3f; want at most %v", float64(quiet)/weeks, share/weeks, rate)
	}
	if float64(found)/weeks < 4 {
		t.Errorf("%.2f of ten are found", float64(found)/weeks)
	}
}

// scanRule is the rule of the scan, with neighbours.
func scanRule(neighbours string) Rule {
	return Rule{ID: "DET-SCAN", Path: "rules/DET-SCAN.sql", Severity: Orange, Detector: detectorScan, Params: []Param{
		{"alpha", "0.05"}, {"fdr", "0.05"}, {"min_cases", "3"}, {"max_weeks", "13"}, {"baseline", "260"}, {"simulations", "199"}, {"neighbours", neighbours},
	}}
}

// drawPlaces is what is known of twelve places in 300 weeks with half a case a week in all; in the newest weeks the first places have more.
func drawPlaces(random *rand.Rand, s Series, more map[int]int) *weekly {
	const weeks = 300
	var f factColumns
	c := delayedCity{random: random}
	for i := range 12 {
		for _, industry := range []string{"C1", "C2"} {
			key := fmt.Sprintf("P%02d|%s", i, industry)
			f.strata, f.zh, f.en, f.areas = append(f.strata, key), append(f.zh, fmt.Sprintf("P%02d · %s", i, industry)), append(f.en, fmt.Sprintf("P%02d · %s", i, industry)), append(f.areas, "")
			n := uint32(0)
			for t := range weeks {
				x := c.poisson(0.5 / 24)
				if industry == "C1" && t >= weeks-3 {
					x += float64(more[i])
				}
				if x > 0 || t == 0 {
					f.weeks, f.delays, f.counts, f.people = append(f.weeks, int32(2000+t)), append(f.delays, 0), append(f.counts, x), append(f.people, 0)
					n++
				}
			}
			f.nCells, f.nLines = append(f.nCells, n), append(f.nLines, 0)
		}
	}
	w := s.place(f, 2000+weeks-1, "city")
	for i := range w.strata { // every case is a row
		z := &w.strata[i]
		z.lines = map[int][]string{}
		for t, n := range z.counts {
			for k := range int(n) {
				z.lines[w.first+t] = append(z.lines[w.first+t], fmt.Sprintf("x:%s:%d:%d", z.key, t, k))
			}
		}
	}
	return w
}

// TestScan finds a cluster in one place, one of two neighbours as one, and raises few false ones when nothing is going on.
func TestScan(t *testing.T) {
	s := definition(t, "-- population: none\n-- delay: none\n-- direction: up\n-- methods: window_test")
	s.Strata = []string{"township", "industry"}
	random := rand.New(rand.NewPCG(5, 8))
	scan := func(r Rule, more map[int]int) (objects []string) {
		calls, err := r.scan(s, drawPlaces(random, s, more))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range r.scanned(calls) {
			if c.Args["p"] == "" || c.Args["q"] == "" || c.Args["tests"] == "" || len(c.Evidence) == 0 {
				t.Errorf("%s says %v", c.Object, c.Args)
			}
			objects = append(objects, c.ObjectName)
		}
		return objects
	}
	wrong := 0
	for range 60 {
		wrong += len(scan(scanRule("none"), nil))
	}
	t.Logf("%d false clusters in 60 quiet weeks", wrong)
	if wrong > 9 { // 3 expected at 0.05, and four standard errors
		t.Errorf("%d false clusters in 60 quiet weeks", wrong)
	}
	if got := scan(scanRule("none"), map[int]int{3: 2}); !slices.Contains(got, "P03") {
		t.Errorf("six cases at P03 in three weeks: %v", got)
	}
	if diff := cmp.Diff([]string{"P03、P04"}, scan(scanRule("P03-P04;P04-P09;P04-nowhere"), map[int]int{3: 2, 4: 2})[:1]); diff != "" {
		t.Error(diff)
	}
}
