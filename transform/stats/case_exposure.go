package stats

// The case layer of exposure measurements.

func (a *arguments) measurements() Measurements {
	return Measurements{Value: a.numbers("value"), BelowLOD: a.bools("below_lod")}
}

func runCensoredLognormal(a *arguments) (Result, error) {
	r, err := FitLognormal(a.measurements(), a.number("oel"), a.number("conf"))
	return Result{
		{"mu", r.Mu},
		{"sigma", r.Sigma},
		{"gm", r.GM},
		{"gsd", r.GSD},
		{"loglik", r.LogLikelihood},
		{"var_mu", r.VarMu},
		{"cov_mu_logsigma", r.CovMuLogSigma},
		{"var_logsigma", r.VarLogSigma},
		{"gm_lower95", r.GMLower95},
		{"gm_upper95", r.GMUpper95},
		{"p95", r.P95},
		{"se_log_p95", r.SELogP95},
		{"p95_ucl", r.P95Upper},
		{"exceedance", r.Exceedance},
		{"se_z", r.SEZ},
		{"exceedance_ucl", r.ExceedanceUpper},
		{"arithmetic_mean", r.Mean},
		{"arithmetic_mean_ucl", r.MeanUpper},
	}, err
}

func runCensoredKM(a *arguments) (Result, error) {
	d, err := KaplanMeier(a.measurements())
	if err != nil {
		return nil, err
	}
	quantile := d.Quantile
	if a.corrected() {
		quantile = d.Reaching
	}
	return Result{
		{"x", column(d.Points, func(p SurvivalPoint) float64 { return p.X })},
		{"n_risk", column(d.Points, func(p SurvivalPoint) int { return p.AtRisk })},
		{"n_event", column(d.Points, func(p SurvivalPoint) int { return p.Detected })},
		{"prob", column(d.Points, func(p SurvivalPoint) float64 { return p.Prob })},
		{"std_err", column(d.Points, func(p SurvivalPoint) float64 { return p.StdErr })},
		{"mean", d.Mean},
		{"mean_se", d.MeanSE},
		{"median", quantile(0.5)},
		{"p95", quantile(0.95)},
	}, nil
}

func runCensoredROS(a *arguments) (Result, error) {
	r, err := ROS(a.measurements())
	if err != nil {
		return nil, err
	}
	return Result{
		{"obs", column(r.Points, func(p ROSPoint) float64 { return p.Value })},
		{"censored", column(r.Points, func(p ROSPoint) bool { return p.Censored })},
		{"pp", column(r.Points, func(p ROSPoint) float64 { return p.Position })},
		{"modeled", column(r.Points, func(p ROSPoint) float64 { return p.Modeled })},
		{"intercept", r.Intercept},
		{"slope", r.Slope},
		{"mean", r.Mean},
		{"sd", r.SD},
		{"median", r.Median},
	}, nil
}

func runEN689(a *arguments) (Result, error) {
	r, err := en689(a.numbers("value"), a.number("oel"), a.corrected())
	result := Result{
		{"n", r.N}, {"gm", r.GM}, {"gsd", r.GSD}, {"max_fraction_of_oel", r.MaxFraction}, {"preliminary", r.Preliminary},
	}
	if r.Tested {
		result = append(result, Result{
			{"ut_k_factor", r.UT},
			{"u_r", r.UR},
			{"utl_95_70", r.Limit},
			{"compliant", r.Compliant},
			{"k_factor_95_95", r.Factor95},
			{"utl_95_95", r.Limit95},
			{"exceedance_point", r.Exceedance},
		}...)
	}
	return result, err
}
