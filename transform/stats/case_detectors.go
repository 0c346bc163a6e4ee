package stats

import (
	"math"
	"slices"
	"time"
)

// The case layer of detectors.

func runEARS(a *arguments) (Result, error) {
	counts := a.numbers("counts")
	from, to := a.points()
	method := EARSMethod(a.textOr("variant", string(EARSC1)))
	if method == EARSC3 && a.boolOr("corrected", false) {
		method = EARSC3Published
	}
	points, err := EARS(method, counts, from, to, EARSOptions{
		Baseline: a.wholeOr("baseline", 0), MinSigma: a.numberOr("min_sigma", 0), Alpha: a.numberOr("alpha", 0),
	})
	if err != nil {
		return nil, err
	}
	known := func(i int) bool { return !math.IsNaN(points[i].Bound) && !math.IsNaN(counts[from+i]) }
	return Result{
		{"upperbound", column(points, func(p EARSPoint) float64 { return p.Bound })},
		{"alarm", alarms(points, func(p EARSPoint) bool { return p.Alarm }, known)},
	}, nil
}

func runCUSUM(a *arguments) (Result, error) {
	counts := a.numbers("counts")
	from, to := a.points()
	var expected []float64
	switch {
	case !a.has("m"):
		if from == 0 && !a.corrected() {
			expected = []float64{ExpectedMean(counts, 1)} // R's past of the first point is that point itself
		} else {
			expected = []float64{ExpectedMean(counts, from)}
		}
	case a.isText("m"):
		if m := a.text("m"); m != "glm" {
			a.fail("m", "must be a number, null for the mean of the past, or glm, got %q", m)
		}
		first, frequency := a.start(), a.number("freq")
		if a.err != nil {
			return nil, a.err
		}
		var err error
		if expected, err = ExpectedSeason(counts, from, to, first, frequency); err != nil {
			return nil, err
		}
	default:
		expected = a.numbers("m")
	}
	points, err := CUSUM(counts, expected, from, to, CUSUMOptions{
		K: a.numberOr("k", 1.04), H: a.numberOr("h", 2.26), Transform: CUSUMTransform(a.textOr("trans", string(CUSUMStandard))),
		Alpha: a.numberOr("alpha", 0.1), Corrected: a.corrected(),
	})
	known := func(i int) bool { return !math.IsNaN(points[i].Sum) }
	return Result{
		{"cusum", column(points, func(p CUSUMPoint) float64 { return p.Sum })},
		{"upperbound", column(points, func(p CUSUMPoint) float64 { return p.Bound })},
		{"alarm", alarms(points, func(p CUSUMPoint) bool { return p.Alarm }, known)},
		{"m", expected},
	}, err
}

func runGLR(a *arguments) (Result, error) {
	counts := a.stretch()
	mu0 := a.numbers("mu0")
	if len(mu0) == 1 && len(counts) > 1 {
		mu0 = repeat(mu0[0], len(counts))
	}
	if change := a.textOr("change", "intercept"); change != "intercept" {
		a.fail("change", "must be intercept, got %q", change)
	}
	ret := a.textOr("ret", "value")
	if ret != "value" && ret != "cases" {
		a.fail("ret", "must be value or cases, got %q", ret)
	}
	points, err := GLR(counts, mu0, GLROptions{
		Threshold: a.numberOr("c_arl", 5), Alpha: a.numberOr("alpha", 0), Change: a.numberOr("theta", missing()),
		Direction: GLRDirection(a.textOr("dir", string(GLRIncrease))), Window: a.wholeOr("m_window", -1),
		Shortest: a.wholeOr("m_tilde", 1), Cases: ret == "cases", Corrected: a.corrected(),
	})
	return Result{
		{"statistic", column(points, func(p GLRPoint) float64 {
			if ret == "cases" {
				return p.Cases
			}
			return p.Statistic
		})},
		{"alarm", column(points, func(p GLRPoint) bool { return p.Alarm })},
	}, err
}

func runRogerson(a *arguments) (Result, error) {
	counts := a.stretch()
	theta0 := a.numbers("theta0t")
	if len(theta0) == 1 && len(counts) > 1 {
		theta0 = repeat(theta0[0], len(counts))
	}
	var table struct {
		Theta0 []number `json:"theta0"`
		H      []number `json:"h"`
	}
	a.read("h_values", "an object with the lists theta0 and h", &table)
	if a.err == nil && len(table.Theta0) != len(table.H) {
		a.fail("h_values", "theta0 has %d values, h has %d", len(table.Theta0), len(table.H))
	}
	if a.err != nil {
		return nil, a.err
	}
	rows := make([]RogersonRow, len(table.H))
	for i, h := range table.H {
		rows[i] = RogersonRow{Theta0: float64(table.Theta0[i]), H: float64(h)}
	}
	points, err := Rogerson(counts, theta0, RogersonOptions{
		Table: rows, Shift: a.number("s"), Limit: a.numberOr("limit", -1), FastStart: a.boolOr("fir", false),
	})
	return Result{
		{"upperbound", column(points, func(p RogersonPoint) float64 { return p.Bound })},
		{"alarm", column(points, func(p RogersonPoint) bool { return p.Alarm })},
	}, err
}

func runEWMA(a *arguments) (Result, error) {
	points, err := EWMA(a.numbers("values"), EWMAOptions{
		Center: a.number("center"), SD: a.number("sd"), Lambda: a.number("lambda"), Sigmas: a.number("nsigmas"),
	})
	known := func(i int) bool { return !math.IsNaN(points[i].Average) }
	return Result{
		{"ewma", column(points, func(p EWMAPoint) float64 { return p.Average })},
		{"lower", column(points, func(p EWMAPoint) float64 { return p.Lower })},
		{"upper", column(points, func(p EWMAPoint) float64 { return p.Upper })},
		{"alarm", alarms(points, func(p EWMAPoint) bool { return p.Alarm }, known)},
	}, err
}

func runBayes(a *arguments) (Result, error) {
	counts := a.numbers("counts")
	from, to := a.points()
	points, err := Bayes(counts, from, to, BayesOptions{
		Years: a.whole("b"), HalfWindow: a.whole("w"), CurrentYear: a.boolOr("act_y", true),
		Alpha: a.number("alpha"), Frequency: a.whole("freq"), Corrected: a.corrected(),
	})
	known := func(i int) bool { return !math.IsNaN(points[i].Bound) && !math.IsNaN(counts[from+i]) }
	return Result{
		{"upperbound", column(points, func(p BayesPoint) float64 { return p.Bound })},
		{"alarm", alarms(points, func(p BayesPoint) bool { return p.Alarm }, known)},
	}, err
}

func repeat(x float64, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = x
	}
	return list
}

// series reads the counts with their calendar, and the population if an offset is asked for.
func (a *arguments) series() (s CountSeries, offset bool) {
	s = CountSeries{Counts: a.numbers("counts"), Frequency: a.whole("freq")}
	if a.has("dates") {
		s.Dates = a.dates("dates")
	}
	if offset = a.boolOr("population_offset", false); offset {
		s.Population = a.numbers("population")
	}
	return s, offset
}

// recent reads limit54: cases needed in how many of the newest periods.
func (a *arguments) recent() (cases float64, points int) {
	limit := a.numbersOr("limit54", []float64{5, 4})
	if a.err == nil && (len(limit) != 2 || limit[1] != math.Floor(limit[1]) || !(limit[1] >= 1 && limit[1] <= maxSeries)) {
		a.fail("limit54", "must be a number of cases and a number of periods")
	}
	if a.err != nil {
		return 0, 1
	}
	return limit[0], int(limit[1])
}

func runFarrington(a *arguments) (Result, error) {
	s, offset := a.series()
	from, to := a.points()
	cases, recent := a.recent()
	points, err := Farrington(s, from, to, FarringtonOptions{
		Years: a.whole("b"), HalfWindow: a.whole("w"), Reweight: a.boolOr("reweight", true), Alpha: a.number("alpha"),
		Trend: a.boolOr("trend", true), Power: PowerTransform(a.textOr("powertrans", string(PowerTwoThirds))),
		RecentCases: cases, RecentPoints: recent, Offset: offset, OneSided: a.boolOr("one_sided", false), Corrected: a.corrected(),
	})
	known := func(i int) bool { return !math.IsNaN(points[i].recent) }
	return Result{
		{"upperbound", column(points, func(p FarringtonPoint) float64 { return p.Bound })},
		{"alarm", alarms(points, func(p FarringtonPoint) bool { return p.Alarm }, known)},
		{"trend", column(points, func(p FarringtonPoint) bool { return p.Trend })},
		{"quantile", column(points, func(p FarringtonPoint) float64 { return p.Quantile })},
		{"median", column(points, func(p FarringtonPoint) float64 { return p.Median })},
	}, err
}

func runFarringtonFlexible(a *arguments) (Result, error) {
	s, offset := a.series()
	from, to := a.points()
	cases, recent := a.recent()
	opt := FarringtonFlexibleOptions{
		Years: a.whole("b"), HalfWindow: a.whole("w"), Periods: a.wholeOr("no_periods", 1),
		PastExcluded: a.wholeOr("past_weeks_not_included", -1), Reweight: a.boolOr("reweight", true),
		WeightsThreshold: a.numberOr("weights_threshold", 2.58), Alpha: a.number("alpha"), Trend: a.boolOr("trend", true),
		TrendThreshold: a.numberOr("p_threshold_trend", 0.05), Power: PowerTransform(a.textOr("powertrans", string(PowerTwoThirds))),
		Threshold:   FlexibleThreshold(a.textOr("threshold_method", string(ThresholdDelta))),
		RecentCases: cases, RecentPoints: recent, Offset: offset, Corrected: a.corrected(),
	}
	points, err := FarringtonFlexible(s, from, to, opt)
	fitted := func(i int) bool { return points[i].Fitted }
	result := Result{
		{"upperbound", column(points, func(p FlexiblePoint) float64 { return p.Bound })},
		{"alarm", alarms(points, func(p FlexiblePoint) bool { return p.Alarm }, fitted)},
		{"expected", column(points, func(p FlexiblePoint) float64 { return p.Expected })},
		{"score", column(points, func(p FlexiblePoint) float64 { return p.Score })},
		{"pvalue", column(points, func(p FlexiblePoint) float64 { return p.P })},
		{"phi", column(points, func(p FlexiblePoint) float64 { return p.Phi })},
		{"trend", alarms(points, func(p FlexiblePoint) bool { return p.Trend }, fitted)},
		{"trend_coefficient", column(points, func(p FlexiblePoint) float64 { return p.TrendSlope })},
	}
	if opt.Threshold != ThresholdDelta {
		result = append(result, Value{"mu0", column(points, func(p FlexiblePoint) float64 { return p.Mean })})
	}
	return result, err
}

func runQuality(a *arguments) (Result, error) {
	state, noState := a.knownBools("state")
	alarm, noAlarm := a.knownBools("alarm")
	unknown := noState
	if len(noAlarm) == len(noState) {
		for i, is := range noAlarm {
			unknown[i] = unknown[i] || is
		}
	}
	q, err := quality(state, alarm, unknown, a.wholeOr("penalty", 20))
	if a.corrected() {
		q.MeanLag = meanLagWithin(state, alarm, a.wholeOr("penalty", 20))
	}
	return Result{
		{"tp", q.TP},
		{"fp", q.FP},
		{"tn", q.TN},
		{"fn", q.FN},
		{"sens", q.Sensitivity},
		{"spec", q.Specificity},
		{"dist", q.Distance},
		{"mean_lag", q.MeanLag},
	}, err
}

func runNowcast(a *arguments) (Result, error) {
	period := a.textOr("aggregate_by", "1 day")
	if period != "1 day" && period != "1 week" {
		a.fail("aggregate_by", "must be 1 day or 1 week, got %q", period)
	}
	window := a.wholeOr("m", 0)
	if a.has("m") && window < 1 {
		a.fail("m", "must be at least 1, got %d", window)
	}
	const lawless, fixed = "lawless1994", "hoehle_anderheiden2014"
	interpretation := a.textOr("m_interpretation", fixed)
	if interpretation != lawless && interpretation != fixed {
		a.fail("m_interpretation", "must be %s or %s, got %q", lawless, fixed, interpretation)
	}
	event, report := a.dates("event_date"), a.dates("report_date")
	first, now := a.day("first"), a.day("now")
	when := a.dates("when")
	r, err := Nowcast(event, report, NowcastOptions{
		First: first, Now: now, When: when, Weekly: period == "1 week", MaxDelay: a.whole("d_max"), Window: window,
		Fixed: interpretation == fixed, Alpha: a.number("alpha"), MaxCount: a.whole("n_max"), Corrected: a.corrected(),
	})
	if err != nil {
		return nil, err
	}
	backwards := column(r.Periods, func(p NowcastPeriod) float64 { return p.Weight })
	slices.Reverse(backwards)
	return Result{
		{"dates", column(r.Periods, func(p NowcastPeriod) string { return p.Date.Format(time.DateOnly) })},
		{"triangle", column(r.Periods, func(p NowcastPeriod) []float64 { return p.Reported })},
		{"hazard_n", r.Events},
		{"hazard_N", r.AtRisk},
		{"g_hat", r.Hazard},
		{"reported_so_far", column(r.Periods, func(p NowcastPeriod) float64 { return p.Total })},
		{"weight", column(r.Periods, func(p NowcastPeriod) float64 { return p.Weight })},
		{"n_hat", column(r.Periods, func(p NowcastPeriod) float64 { return p.Expected })},
		{"delay_cdf", backwards},
		{"when_index", column(r.Estimates, func(e NowcastEstimate) int { return e.Index + 1 })},
		{"observed", column(r.Estimates, func(e NowcastEstimate) float64 { return r.Periods[e.Index].Observed })},
		{"estimate", column(r.Estimates, func(e NowcastEstimate) float64 { return e.Median })},
		{"lower", column(r.Estimates, func(e NowcastEstimate) float64 { return e.Lower })},
		{"upper", column(r.Estimates, func(e NowcastEstimate) float64 { return e.Upper })},
	}, nil
}
