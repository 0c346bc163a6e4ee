package stats

// The case layer of the methods for small counts. Points of a series and places are counted from 1.

func (a *arguments) countTest() CountTestOptions {
	opt := CountTestOptions{
		Method: CountTestMethod(a.textOr("test", string(CountBinomial))), Alpha: a.number("alpha"), Dispersion: a.numberOr("dispersion", 0),
	}
	if a.has("prior_shape") || a.has("prior_rate") {
		opt.Prior = GammaPrior{Shape: a.number("prior_shape"), Rate: a.number("prior_rate")}
	}
	return opt
}

func runCountTest(a *arguments) (Result, error) {
	window := Exposed{a.number("cases"), a.number("exposure")}
	baseline := Exposed{a.number("baseline_cases"), a.number("baseline_exposure")}
	r, err := CountTest(window, baseline, a.countTest())
	return Result{
		{"expected", r.Expected},
		{"p_value", r.P},
		{"mid_p", r.MidP},
		{"upperbound", r.Bound},
		{"alarm", r.Alarm},
	}, err
}

func runDispersion(a *arguments) (Result, error) {
	alpha, err := DispersionOf(a.numbers("counts"), a.numbers("exposure"))
	return Result{{"dispersion", alpha}}, err
}

func runGapChart(a *arguments) (Result, error) {
	points, err := GapChart(a.numbers("gaps"), GapOptions{
		Kind: GapKind(a.text("chart")), Baseline: a.wholeOr("baseline", 0), Events: a.wholeOr("events", 1), Alpha: a.number("alpha"),
	})
	return Result{
		{"gap", column(points, func(p GapPoint) float64 { return p.Gap })},
		{"center", column(points, func(p GapPoint) float64 { return p.Center })},
		{"lower", column(points, func(p GapPoint) float64 { return p.Lower })},
		{"upper", column(points, func(p GapPoint) float64 { return p.Upper })},
		{"p_value", column(points, func(p GapPoint) float64 { return p.P })},
		{"alarm", column(points, func(p GapPoint) bool { return p.Alarm })},
		{"long", column(points, func(p GapPoint) bool { return p.Long })},
	}, err
}

func (a *arguments) cusumDesign() (CUSUMDesign, error) {
	return DesignCUSUM(a.number("mean"), a.number("ratio"), a.number("arl"), a.numberOr("dispersion", 0))
}

func runCUSUMDesign(a *arguments) (Result, error) {
	d, err := a.cusumDesign()
	return Result{{"k", d.K}, {"h", d.H}, {"scale", d.Scale}, {"ratio", d.Ratio}, {"arl", d.ARL}}, err
}

func runCUSUMRunLength(a *arguments) (Result, error) {
	run, err := CUSUMRunLength(a.number("mean"), a.numberOr("dispersion", 0), a.whole("k"), a.whole("h"), a.whole("scale"))
	return Result{{"arl", run}}, err
}

func runCountCUSUM(a *arguments) (Result, error) {
	design := CUSUMDesign{Mean: a.number("mean"), K: a.number("k"), H: a.number("h")}
	points, err := CountCUSUM(a.stretch(), a.numbersOr("expected", []float64{design.Mean}), design)
	return Result{
		{"cusum", column(points, func(p CountCUSUMPoint) float64 { return p.Sum })},
		{"upperbound", column(points, func(p CountCUSUMPoint) float64 { return p.Bound })},
		{"alarm", column(points, func(p CountCUSUMPoint) bool { return p.Alarm })},
	}, err
}

func runEmpiricalBayes(a *arguments) (Result, error) {
	cases, exposure := a.numbers("cases"), a.numbers("exposure")
	var r SmoothedRates
	var err error
	if a.has("neighbours") {
		var lists [][]int
		a.read("neighbours", "a list of lists of places", &lists)
		for i, list := range lists {
			lists[i] = column(list, func(place int) int { return place - 1 })
		}
		r, err = EmpiricalBayesLocal(cases, exposure, lists)
	} else {
		r, err = EmpiricalBayes(cases, exposure)
	}
	return Result{{"raw", r.Raw}, {"smoothed", r.Smoothed}, {"mean", r.Mean}, {"variance", r.Variance}}, err
}

func runGammaPrior(a *arguments) (Result, error) {
	p, err := GammaPriorOf(a.numbers("cases"), a.numbers("exposure"))
	return Result{{"shape", p.Shape}, {"rate", p.Rate}}, err
}

func (a *arguments) seed() uint32 {
	seed := a.wholeOr("mc_seed", 1)
	if seed < 0 {
		a.fail("mc_seed", "must not be negative, got %d", seed)
		return 0
	}
	return uint32(seed)
}

func runTemporalScan(a *arguments) (Result, error) {
	r, err := TemporalScan(a.numbers("counts"), a.numbersOr("exposure", nil), TemporalScanOptions{
		MaxWindow: a.whole("max_window"), Prospective: a.boolOr("prospective", true), Simulations: a.wholeOr("n_sim", 999), Seed: a.seed(),
	})
	var from, to, ratio any
	if r.LLR > 0 {
		from, to, ratio = r.From+1, r.To+1, r.RelativeRisk
	}
	return Result{
		{"max_llr", r.LLR},
		{"from", from},
		{"to", to},
		{"cases_in", r.Cases},
		{"expected_in", r.Expected},
		{"relative_risk", ratio},
		{"p_value", r.P},
	}, err
}

func (a *arguments) smallCounts() SmallCounts {
	return SmallCounts{Counts: a.numbers("counts"), Exposure: a.numbersOr("exposure", nil)}
}

func (a *arguments) past() Past { return Past{Periods: a.whole("baseline"), Gap: a.wholeOr("gap", 0)} }

func smallCountResult(points []SmallCountPoint, err error) (Result, error) {
	return Result{
		{"window", column(points, func(p SmallCountPoint) int { return p.Window })},
		{"cases", column(points, func(p SmallCountPoint) float64 { return p.Cases })},
		{"expected", column(points, func(p SmallCountPoint) float64 { return p.Expected })},
		{"upperbound", column(points, func(p SmallCountPoint) float64 { return p.Bound })},
		{"p_value", column(points, func(p SmallCountPoint) float64 { return p.P })},
		{"alarm", column(points, func(p SmallCountPoint) bool { return p.Alarm })},
	}, err
}

func runWindowTest(a *arguments) (Result, error) {
	from, to := a.points()
	return smallCountResult(WindowTest(a.smallCounts(), from, to, WindowTestOptions{
		Window: a.whole("window"), Past: a.past(), Test: a.countTest(), EstimateDispersion: a.boolOr("estimate_dispersion", false),
	}))
}

func runTimeBetween(a *arguments) (Result, error) {
	from, to := a.points()
	return smallCountResult(TimeBetween(a.smallCounts(), from, to, TimeBetweenOptions{
		Events: a.whole("events"), Past: a.past(), Test: a.countTest(), Longest: a.wholeOr("longest", 0),
	}))
}

func runWindowScan(a *arguments) (Result, error) {
	from, to := a.points()
	return smallCountResult(WindowScan(a.smallCounts(), from, to, WindowScanOptions{
		MaxWindow: a.whole("max_window"), Past: a.past(), Alpha: a.number("alpha"),
	}))
}

func runRateCUSUM(a *arguments) (Result, error) {
	from, to := a.points()
	return smallCountResult(RateCUSUM(a.smallCounts(), from, to, RateCUSUMOptions{
		Past: a.past(), Ratio: a.number("ratio"), ARL: a.number("arl"), Dispersion: a.numberOr("dispersion", 0),
	}))
}
