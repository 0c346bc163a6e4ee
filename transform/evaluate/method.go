package evaluate

import (
	"math"
	"sync"

	"ohwatch/transform/stats"
)

// method is a detector with a ladder of settings, strict to lenient. Detectors with a p-value run once and are read off
// at every level; the others run once a level.
type method struct {
	name     string
	detector stats.Detector
	levels   []float64 // of alpha, or mean weeks between false alarms
	most     float64   // cases a week that it is tried with; 0: any number
}

// byP reports whether the levels are those of a p-value.
func (m method) byP() bool { return m.detector.Method != stats.DetectorCUSUM }

// fits reports whether the method is tried on series with that mean.
func (m method) fits(mean float64) bool { return m.most == 0 || mean <= m.most }

// at is the detector with its setting.
func (m method) at(level float64) stats.Detector {
	d := m.detector
	if m.byP() {
		d.Alpha = level
	} else {
		d.ARL = level
	}
	return d
}

// methods lists what is compared, in the order in which one is preferred to others that do as well: first those that say in
// which weeks the cases stand out, then those that need no more than a sum, then the others. Past and least number of cases
// are the same for all that have them.
func methods() []method {
	alphas := []float64{1e-6, 1e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.03, 0.05, 0.1}
	runs := []float64{20800, 5200, 2080, 1040, 520, 260, 156, 104, 52}
	design := rememberDesigns()
	past := stats.Past{Periods: 5 * weeksOfYear}
	window := func(weeks int, test stats.CountTestMethod) stats.Detector {
		return stats.Detector{Method: stats.DetectorWindowTest, Window: weeks, Test: test, Past: past}
	}
	cusum := func(ratio float64) stats.Detector {
		return stats.Detector{Method: stats.DetectorCUSUM, Ratio: ratio, Past: past, Design: design}
	}
	scan := func(weeks int) stats.Detector {
		return stats.Detector{Method: stats.DetectorScan, Window: weeks, Past: past, NoBounds: true}
	}
	return []method{
		{"window_scan, up to 26 weeks", scan(26), alphas, 3},
		{"window_scan, up to 13 weeks", scan(13), alphas, 3},
		{"rate_cusum, ratio 1.5", cusum(1.5), runs, 10},
		{"rate_cusum, ratio 2", cusum(2), runs, 10},
		{"rate_cusum, ratio 4", cusum(4), runs, 10},
		{"farrington_flexible", stats.Detector{Method: stats.DetectorFarrington, Past: stats.Past{Periods: 5 * weeksOfYear, Gap: 26}}, alphas, 0},
		{"window_test, 4 weeks", window(4, stats.CountBinomial), alphas, 0},
		{"window_test, 13 weeks", window(13, stats.CountBinomial), alphas, 0},
		{"window_test, 1 week", window(1, stats.CountBinomial), alphas, 0},
		{"window_test, 4 weeks, negative binomial", window(4, stats.CountNegativeBinomial), alphas, 0},
		{"time_between, 3 cases", stats.Detector{Method: stats.DetectorTimeBetween, Events: 3, Past: past}, alphas, 3},
		{"ears_c2", stats.Detector{Method: stats.DetectorEARS}, alphas, 0},
	}
}

// alarms runs the method over counts[from:to] and returns, for each level, the weeks that alarm. exposure is nil if it is
// not known.
func (m method) alarms(counts, exposure []float64, from, to int) ([][]bool, error) {
	s := stats.CountSeries{Counts: counts, Frequency: weeksOfYear, Population: exposure}
	raised := make([][]bool, len(m.levels))
	for i, level := range m.levels {
		d := m.at(level)
		d.MinCases = minCases
		if i > 0 && m.byP() {
			break
		}
		if m.byP() {
			d.Alpha = m.levels[len(m.levels)-1]
		}
		points, err := d.Run(s, from, to)
		if err != nil {
			return nil, err
		}
		for j, level := range m.levels {
			if !m.byP() && j != i {
				continue
			}
			raised[j] = make([]bool, len(points))
			for week, p := range points {
				if m.byP() {
					raised[j][week] = p.Cases >= minCases && counts[from+week] > 0 && !math.IsNaN(p.P) && p.P <= level
				} else {
					raised[j][week] = p.Alarm
				}
			}
		}
	}
	return raised, nil
}

// minCases is how many cases an alarm needs with every method: one case is no cluster.
const minCases = 2

// episodeGap is how many quiet weeks end an alarm: alarms that follow sooner belong to the same warning.
const episodeGap = 4

// episodes counts warnings: alarms with fewer than episodeGap quiet weeks between count once.
func episodes(alarm []bool) int {
	n, quiet := 0, episodeGap
	for _, is := range alarm {
		if is && quiet >= episodeGap {
			n++
		}
		quiet++
		if is {
			quiet = 0
		}
	}
	return n
}

// rememberDesigns is stats.DesignCUSUM with a memory, for any number of goroutines.
func rememberDesigns() func(mean, ratio, arl, dispersion float64) (stats.CUSUMDesign, error) {
	type key struct{ mean, ratio, arl, dispersion float64 }
	known := map[key]stats.CUSUMDesign{}
	var lock sync.Mutex
	return func(mean, ratio, arl, dispersion float64) (stats.CUSUMDesign, error) {
		lock.Lock()
		defer lock.Unlock()
		k := key{mean, ratio, arl, dispersion}
		if d, ok := known[k]; ok {
			return d, nil
		}
		d, err := stats.DesignCUSUM(mean, ratio, arl, dispersion)
		if err == nil {
			known[k] = d
		}
		return d, err
	}
}
