// Peers times the methods of transform/stats beside R's, on one core and on two: go run ./transform/stats/peers.
//
// Where Rscript with the package surveillance is found, R runs on the first of the same series in the same session, and the
// results of both are compared: a time counts only if they agree. Elsewhere R's recorded times are taken.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"ohwatch/transform/stats"
)

func main() {
	repetitions := flag.Int("repetitions", 3, "runs of each method, of which the median counts")
	share := flag.Float64("share", 0.02, "share of the series that R runs; its time is scaled")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := compare(ctx, *repetitions, *share); err != nil {
		fmt.Fprintln(os.Stderr, "bench-stats:", err)
		os.Exit(1)
	}
}

// task is one method on all its items. do answers item i; its answer is what is compared with R's.
type task struct {
	name  string
	title string
	items int
	do    func(i int) ([]float64, error)
}

func compare(ctx context.Context, repetitions int, share float64) error {
	if repetitions < 1 || !(share > 0 && share <= 1) {
		return fmt.Errorf("want at least one repetition and a share above 0 and at most 1")
	}
	set := newData(10000)
	tasks := set.tasks()
	peer, err := runR(ctx, set, repetitions, share)
	if err != nil {
		return err
	}
	fmt.Printf("R: %s\nGo: %s, %d processors, median of %d runs, elapsed seconds\n\n", peer.source, runtime.Version(), runtime.NumCPU(), repetitions)
	fmt.Printf("%-46s %9s %9s %9s %9s %9s  %s\n", "what", "R", "Go, 1", "Go, 2", "R/Go, 1", "R/Go, 2", "largest difference of results")
	for _, t := range tasks {
		if err := ctx.Err(); err != nil {
			return err
		}
		var elapsed [2]float64
		var answers [][]float64
		for i, workers := range []int{1, 2} {
			runtime.GOMAXPROCS(workers)
			var times []float64
			for range repetitions {
				began := time.Now()
				if answers, err = t.run(workers); err != nil {
					return fmt.Errorf("%s: %w", t.title, err)
				}
				times = append(times, time.Since(began).Seconds())
			}
			elapsed[i] = median(times)
		}
		ratio := func(float64) string { return "-" }
		whole, known := peer.seconds[t.name]
		seconds := "-"
		if known {
			whole *= float64(t.items)
			seconds = fmt.Sprintf("%.1f", whole)
			ratio = func(x float64) string { return fmt.Sprintf("%.0f", whole/x) }
		}
		fmt.Printf("%-46s %9s %9.3f %9.3f %9s %9s  %s\n", t.title, seconds, elapsed[0], elapsed[1], ratio(elapsed[0]), ratio(elapsed[1]), peer.difference(t.name, answers))
	}
	if peak, ok := peakMemory(); ok {
		fmt.Printf("\nLargest memory of this process, inputs and results of all methods together: %.0f MiB\n", float64(peak)/(1<<20))
	}
	return nil
}

// run answers all items with so many goroutines.
func (t task) run(workers int) ([][]float64, error) {
	answers, errs := make([][]float64, t.items), make([]error, workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for worker := range workers {
		group.Go(func() {
			for errs[worker] == nil {
				i := int(next.Add(1)) - 1
				if i >= t.items {
					return
				}
				answers[i], errs[worker] = t.do(i)
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// peakMemory is the largest resident size that the kernel has seen.
func peakMemory() (int64, bool) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		var kib int64
		if n, _ := fmt.Sscanf(line, "VmHWM: %d kB", &kib); n == 1 {
			return kib << 10, true
		}
	}
	return 0, false
}

// tasks are the methods with the settings that R gets.
func (d *data) tasks() []task {
	flexible := func(i int) ([]float64, error) {
		points, err := stats.FarringtonFlexible(stats.CountSeries{Counts: d.weekly[i], Frequency: 52}, 364, 416, stats.FarringtonFlexibleOptions{
			Years: 5, HalfWindow: 3, Periods: 10, PastExcluded: 26, Reweight: true, WeightsThreshold: 2.58, Alpha: 0.01, Trend: true,
			TrendThreshold: 1, Threshold: stats.ThresholdDelta, RecentCases: 5, RecentPoints: 4,
		})
		return column(points, func(p stats.FlexiblePoint) float64 { return p.Bound }), err
	}
	ears := func(method stats.EARSMethod, first int) func(i int) ([]float64, error) {
		return func(i int) ([]float64, error) {
			points, err := stats.EARS(method, d.daily[i], first, len(d.daily[i]), stats.EARSOptions{})
			return column(points, func(p stats.EARSPoint) float64 { return p.Bound }), err
		}
	}
	return []task{
		{"farrington_flexible", "farringtonFlexible, 1,000 series x 52 weeks", min(1000, len(d.weekly)), flexible},
		{"farrington_flexible", "farringtonFlexible, 10,000 series x 52 weeks", len(d.weekly), flexible},
		{"ears_C1", "EARS C1, 10,000 series x 365 days", len(d.daily), ears(stats.EARSC1, 7)},
		{"ears_C2", "EARS C2, 10,000 series x 365 days", len(d.daily), ears(stats.EARSC2, 9)},
		{"ears_C3", "EARS C3, 10,000 series x 365 days", len(d.daily), ears(stats.EARSC3, 11)},
		{"cusum", "CUSUM, 10,000 series x 104 weeks", len(d.fiveYears), func(i int) ([]float64, error) {
			x := d.fiveYears[i]
			points, err := stats.CUSUM(x, []float64{stats.ExpectedMean(x, 156)}, 156, 260, stats.CUSUMOptions{K: 1.04, H: 2.26, Transform: stats.CUSUMRossi})
			return column(points, func(p stats.CUSUMPoint) float64 { return p.Bound }), err
		}},
		{"censored_lognormal", "censored lognormal fit, 10,000 groups of 20", len(d.exposure), func(i int) ([]float64, error) {
			f, err := stats.FitLognormal(stats.Measurements{Value: d.exposure[i], BelowLOD: d.below[i]}, 5, 0.95)
			return []float64{f.Mu, f.Sigma}, err
		}},
		{"scan_spatial", "scan, 300 places, 999 simulations", 1, func(int) ([]float64, error) {
			r, err := stats.SpatialScan(d.places, d.cases, nil, stats.ScanOptions{MaxShare: 0.5, Simulations: 999, Seed: 1})
			if err != nil {
				return nil, err
			}
			return []float64{r.Best.LLR}, nil
		}},
	}
}

func column[P any](points []P, value func(P) float64) []float64 {
	list := make([]float64, len(points))
	for i, p := range points {
		list[i] = value(p)
	}
	return list
}
