package stats_test

import "testing"

// One target a method: go test -fuzz FuzzEARS ./transform/stats

func FuzzAPC(f *testing.F)                   { fuzzMethod(f, "apc") }
func FuzzBayes(f *testing.F)                 { fuzzMethod(f, "bayes") }
func FuzzCUSUM(f *testing.F)                 { fuzzMethod(f, "cusum") }
func FuzzDirectStandardisation(f *testing.F) { fuzzMethod(f, "direct_standardisation") }
func FuzzEARS(f *testing.F)                  { fuzzMethod(f, "ears") }
func FuzzEWMA(f *testing.F)                  { fuzzMethod(f, "ewma") }
func FuzzFarrington(f *testing.F)            { fuzzMethod(f, "farrington") }
func FuzzFarringtonFlexible(f *testing.F)    { fuzzMethod(f, "farrington_flexible") }
func FuzzFunnel(f *testing.F)                { fuzzMethod(f, "funnel") }
func FuzzGLR(f *testing.F)                   { fuzzMethod(f, "glr") }
func FuzzISOWeek(f *testing.F)               { fuzzMethod(f, "isoweek") }
func FuzzMannKendall(f *testing.F)           { fuzzMethod(f, "mann_kendall") }
func FuzzProportionCi(f *testing.F)          { fuzzMethod(f, "proportion_ci") }
func FuzzRateCi(f *testing.F)                { fuzzMethod(f, "rate_ci") }
func FuzzRateRatio(f *testing.F)             { fuzzMethod(f, "rate_ratio") }
func FuzzRogerson(f *testing.F)              { fuzzMethod(f, "rogerson") }
func FuzzSMR(f *testing.F)                   { fuzzMethod(f, "smr") }
func FuzzTrendProportions(f *testing.F)      { fuzzMethod(f, "trend_proportions") }
func FuzzTwoProportions(f *testing.F)        { fuzzMethod(f, "two_proportions") }
