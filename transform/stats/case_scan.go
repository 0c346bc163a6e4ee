package stats

// The case layer of scan statistics. Places and times are counted from 1.

func (a *arguments) scan() (Places, ScanOptions) {
	places := Places{X: a.numbers("x"), Y: a.numbers("y"), Population: a.numbers("population")}
	opt := ScanOptions{MaxShare: a.number("max_pop_fraction"), Simulations: a.whole("n_sim"), OfR: !a.corrected()}
	if seed := a.wholeOr("mc_seed", 1); seed >= 0 {
		opt.Seed = uint32(seed)
	} else {
		a.fail("mc_seed", "must not be negative, got %d", seed)
	}
	return places, opt
}

func fromOne(places []int) []int {
	return column(places, func(i int) int { return i + 1 })
}

func runScanSpatial(a *arguments) (Result, error) {
	places, opt := a.scan()
	r, err := SpatialScan(places, a.numbers("cases"), a.numbersOr("expected", nil), opt)
	if err != nil {
		return nil, err
	}
	if r.Best.LLR <= 0 && !r.firstHasCircle { // R then looks for the best circle around the first place
		return nil, argumentError("max_pop_fraction", "no circle has more cases than expected, and the first place has no circle")
	}
	var centre any
	if r.Best.LLR > 0 {
		centre = r.Best.Center + 1
	}
	return Result{
		{"n_zones", r.Circles},
		{"max_llr", r.Best.LLR},
		{"center", centre},
		{"places", fromOne(r.Best.Places)},
		{"cases_in", r.Best.Cases},
		{"expected_in", r.Best.Expected},
		{"relative_risk", r.RelativeRisk},
		{"max_llr_by_center", r.BestByCenter},
		{"clusters", column(r.Clusters, func(c ScanCluster) Result {
			return Result{{"places", fromOne(c.Places)}, {"llr", c.LLR}}
		})},
		{"p_value", r.P},
		{"sim_llr_quantiles", column([]float64{0.5, 0.9, 0.95, 0.99}, func(p float64) float64 { return quantile7(r.Simulated, p) })},
	}, nil
}

func runScanSpacetime(a *arguments) (Result, error) {
	places, opt := a.scan()
	var rows [][]number
	a.read("cases", "a list of rows of numbers, one row a time unit", &rows)
	cases := column(rows, func(row []number) []float64 {
		return column(row, func(n number) float64 { return float64(n) })
	})
	best, p, err := SpaceTimeScan(places, cases, SpaceTimeOptions{
		ScanOptions: opt, MaxDuration: a.whole("max_duration"), Prospective: a.boolOr("prospective", true),
	})
	var from, to, centre any
	if best.LLR > 0 {
		from, to, centre = best.From+1, best.To+1, best.Center+1
	}
	return Result{
		{"max_llr", best.LLR},
		{"places", fromOne(best.Places)},
		{"from", from},
		{"to", to},
		{"center", centre},
		{"cases_in", best.Cases},
		{"expected_in", best.Expected},
		{"p_value", p},
	}, err
}
