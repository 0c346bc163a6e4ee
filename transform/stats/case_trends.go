package stats

import "math"

// The case layer of trends.

func runMannKendall(a *arguments) (Result, error) {
	x, time := a.numbers("x"), a.numbersOr("time", nil)
	r, err := MannKendallAt(x, time, MannKendallOptions{
		Alternative:  Alternative(a.textOr("alternative", string(TwoSided))),
		NoContinuity: !a.boolOr("continuity", true),
	})
	result := Result{
		{"n", r.N},
		{"s", r.S},
		{"var_s", r.VarS},
		{"z", r.Z},
		{"p_normal", r.P},
		{"tau_b", r.TauB},
		{"sen_slope", r.Slope},
		{"sen_lower95", r.Lower},
		{"sen_upper95", r.Upper},
		{"sen_intercept_median", r.Intercept},
	}
	if !math.IsNaN(r.KendallTau) {
		result = append(result, Value{"kendall_tau", r.KendallTau}, Value{"kendall_p", r.KendallP})
	}
	if !math.IsNaN(r.ExactP) {
		result = append(result, Value{"p_exact_cor_test", r.ExactP})
	}
	return result, err
}

func runAPC(a *arguments) (Result, error) {
	years, counts, exposure := a.numbers("year"), a.numbers("counts"), a.numbersOr("population", nil)
	fit := PoissonTrend
	switch family := a.text("family"); family {
	case "poisson":
	case "quasipoisson":
		fit = QuasiPoissonTrend
	default:
		a.fail("family", "must be poisson or quasipoisson, got %q", family)
	}
	r, err := fit(years, counts, exposure)
	if err == nil && !r.Converged && a.corrected() {
		return nil, argumentError("counts", "the fit has not settled after %d steps: the counts do not determine a trend", r.Iterations)
	}
	return Result{
		{"intercept", r.Intercept},
		{"slope", r.Slope},
		{"se_slope", r.SlopeSE},
		{"statistic", r.Statistic},
		{"p", r.P},
		{"dispersion", r.Dispersion},
		{"deviance", r.Deviance},
		{"pearson_x2", r.PearsonX2},
		{"df_residual", r.DF},
		{"iterations", r.Iterations},
		{"apc_percent", r.APC},
		{"apc_lower95_normal", r.LowerNormal},
		{"apc_upper95_normal", r.UpperNormal},
		{"apc_lower95_t", r.LowerT},
		{"apc_upper95_t", r.UpperT},
		{"fitted", r.Fitted},
	}, err
}

func runTrendProportions(a *arguments) (Result, error) {
	r, err := ProportionTrend(a.numbers("x"), a.numbers("n"), a.numbers("score"))
	return Result{
		{"chi_squared", r.ChiSquared}, {"df", 1}, {"p", r.P}, {"z", r.Z}, {"p_one_sided_increasing", r.PIncreasing},
	}, err
}

func runJoinpointGrid(a *arguments) (Result, error) {
	r, err := JoinpointGrid(a.numbers("year"), a.numbers("counts"), a.numbersOr("population", nil),
		JoinpointOptions{MinEnd: a.whole("min_obs_end"), MinBetween: a.whole("min_obs_between")})
	if err != nil {
		return nil, err
	}
	result := Result{
		{"deviance_0", r.None.Deviance},
		{"candidates", r.Candidates},
		{"deviance_1_by_candidate", r.DevianceByYear},
		{"joinpoint_1", r.One.Years[0]},
		{"deviance_1", r.One.Deviance},
		{"coef_1", r.One.Coefficients},
		{"apc_segments_1", r.One.APC},
		{"bic_0", r.None.BIC},
		{"bic_1", r.One.BIC},
	}
	if r.TwoWereAvailable {
		result = append(result, Value{"joinpoints_2", r.Two.Years}, Value{"deviance_2", r.Two.Deviance},
			Value{"apc_segments_2", r.Two.APC}, Value{"bic_2", r.Two.BIC})
	}
	return result, nil
}

func runJoinpointSegmented(a *arguments) (Result, error) {
	r, err := JoinpointSegmented(a.numbers("year"), a.numbers("counts"), a.numbersOr("population", nil))
	return Result{
		{"psi", r.Bend},
		{"psi_se", r.BendSE},
		{"slope_before", r.SlopeBefore},
		{"slope_after", r.SlopeAfter},
		{"deviance", r.Deviance},
		{"deviance_no_joinpoint", r.DevianceNoBend},
	}, err
}
