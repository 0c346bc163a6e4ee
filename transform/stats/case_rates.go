package stats

import "time"

// The case layer of proportions, rates and calendar.

func runProportion(a *arguments) (Result, error) {
	x, n, level := a.number("x"), a.number("n"), a.number("conf")
	if a.err != nil {
		return nil, a.err
	}
	if err := checkSample("x", x, "n", n); err != nil {
		return nil, err
	}
	if err := checkLevel("conf", level); err != nil {
		return nil, err
	}
	wilsonLower, wilsonUpper := Wilson(x, n, level)
	correctedLower, correctedUpper := WilsonCorrected(x, n, level)
	exactLower, exactUpper := ClopperPearson(x, n, level)
	return Result{
		{"estimate", x / n},
		{"wilson_lower", wilsonLower},
		{"wilson_upper", wilsonUpper},
		{"wilson_cc_lower", correctedLower},
		{"wilson_cc_upper", correctedUpper},
		{"exact_lower", exactLower},
		{"exact_upper", exactUpper},
	}, nil
}

func runTwoProportions(a *arguments) (Result, error) {
	r, err := TwoProportions(a.number("x1"), a.number("n1"), a.number("x2"), a.number("n2"), a.number("conf"))
	return Result{
		{"difference", r.Difference},
		{"newcombe_lower", r.NewcombeLower},
		{"newcombe_upper", r.NewcombeUpper},
		{"wald_lower", r.WaldLower},
		{"wald_upper", r.WaldUpper},
		{"chi_squared", r.ChiSquared},
		{"p_chi_squared", r.P},
		{"chi_squared_yates", r.ChiSquaredCC},
		{"p_chi_squared_yates", r.PCC},
		{"p_fisher_two_sided", r.PFisher},
	}, err
}

func runRate(a *arguments) (Result, error) {
	x, t, level := a.number("events"), a.number("person_time"), a.number("conf")
	if a.err != nil {
		return nil, a.err
	}
	if err := checkEvents("events", x, "person_time", t); err != nil {
		return nil, err
	}
	if err := checkLevel("conf", level); err != nil {
		return nil, err
	}
	exactLower, exactUpper := PoissonExact(x, t, level)
	byarLower, byarUpper := ByarHalf(x, t, level)
	return Result{
		{"rate", x / t},
		{"exact_lower", exactLower},
		{"exact_upper", exactUpper},
		{"byar_half_lower", byarLower},
		{"byar_half_upper", byarUpper},
	}, nil
}

func runRateRatio(a *arguments) (Result, error) {
	r, err := RateRatio(a.number("events1"), a.number("person_time1"), a.number("events2"), a.number("person_time2"), a.number("conf"))
	return Result{{"rate_ratio", r.Ratio}, {"exact_lower", r.Lower}, {"exact_upper", r.Upper}, {"p", r.P}}, err
}

func runDirectStandardisation(a *arguments) (Result, error) {
	r, err := directStandardisation(!a.corrected(), a.numbers("count"), a.numbers("population"), a.numbers("standard"), a.number("conf"))
	return Result{
		{"crude_rate", r.Crude},
		{"adjusted_rate", r.Adjusted},
		{"variance", r.Variance},
		{"gamma_lower", r.Lower},
		{"gamma_upper", r.Upper},
	}, err
}

func runSMR(a *arguments) (Result, error) {
	observed, level := a.number("observed"), a.number("conf")
	var expected float64
	if a.has("expected") {
		expected = a.number("expected")
	} else {
		var err error
		if expected, err = ExpectedEvents(a.numbers("population"), a.numbers("reference_rate")); err != nil {
			return nil, err
		}
	}
	r, err := SMR(observed, expected, level)
	return Result{
		{"expected_count", r.Expected},
		{"smr", r.SMR},
		{"exact_lower", r.ExactLower},
		{"exact_upper", r.ExactUpper},
		{"byar_lower", r.ByarLower},
		{"byar_upper", r.ByarUpper},
		{"p_two_sided", r.P},
	}, err
}

func runFunnel(a *arguments) (Result, error) {
	kind, n, target := FunnelKind(a.text("kind")), a.numbers("n"), a.number("target")
	var result Result
	for _, limits := range []struct {
		name string
		tail float64
	}{{"95", (1 - 0.95) / 2}, {"998", (1 - 0.998) / 2}} {
		for _, side := range []struct {
			name string
			p    float64
		}{{"lower", limits.tail}, {"upper", 1 - limits.tail}} {
			l, err := funnel(kind, n, target, side.p, !a.corrected())
			if err != nil {
				return nil, err
			}
			result = append(result,
				Value{side.name + "_quantile_" + limits.name, column(l, func(l FunnelLimit) float64 { return l.Quantile })},
				Value{side.name + "_interpolated_" + limits.name, column(l, func(l FunnelLimit) float64 { return l.Interpolated })})
		}
	}
	return result, nil
}

func runISOWeek(a *arguments) (Result, error) {
	days := a.dates("dates")
	of := func(value func(ISOWeek) any) []any { // null where the date is
		return column(days, func(day time.Time) any {
			if day.IsZero() {
				return nil
			}
			return value(ISOWeekOf(day))
		})
	}
	return Result{
		{"iso_year", of(func(w ISOWeek) any { return w.Year })},
		{"iso_week", of(func(w ISOWeek) any { return w.Week })},
		{"iso_weekday", of(func(w ISOWeek) any { return w.Weekday })},
		{"monday", of(func(w ISOWeek) any { return w.Monday.Format(time.DateOnly) })},
		{"weeks_in_iso_year", of(func(w ISOWeek) any { return w.WeeksInYear })},
	}, nil
}
