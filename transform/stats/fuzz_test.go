package stats_test

import "testing"

// One target a method: go test -fuzz FuzzEARS ./transform/stats

func FuzzAPC(f *testing.F)                   { fuzzMethod(f, "apc") }
func FuzzBayes(f *testing.F)                 { fuzzMethod(f, "bayes") }
func FuzzCensoredKM(f *testing.F)            { fuzzMethod(f, "censored_km") }
func FuzzCensoredLognormal(f *testing.F)     { fuzzMethod(f, "censored_lognormal") }
func FuzzCensoredROS(f *testing.F)           { fuzzMethod(f, "censored_ros") }
func FuzzCUSUM(f *testing.F)                 { fuzzMethod(f, "cusum") }
func FuzzDirectStandardisation(f *testing.F) { fuzzMethod(f, "direct_standardisation") }
func FuzzEARS(f *testing.F)                  { fuzzMethod(f, "ears") }
func FuzzEN689(f *testing.F)                 { fuzzMethod(f, "en689") }
func FuzzEWMA(f *testing.F)                  { fuzzMethod(f, "ewma") }
func FuzzFarrington(f *testing.F)            { fuzzMethod(f, "farrington") }
func FuzzFarringtonFlexible(f *testing.F)    { fuzzMethod(f, "farrington_flexible") }
func FuzzFunnel(f *testing.F)                { fuzzMethod(f, "funnel") }
func FuzzGLR(f *testing.F)                   { fuzzMethod(f, "glr") }
func FuzzISOWeek(f *testing.F)               { fuzzMethod(f, "isoweek") }
func FuzzJoinpointGrid(f *testing.F)         { fuzzMethod(f, "joinpoint_grid") }
func FuzzJoinpointSegmented(f *testing.F)    { fuzzMethod(f, "joinpoint_segmented") }
func FuzzMannKendall(f *testing.F)           { fuzzMethod(f, "mann_kendall") }
func FuzzNowcastLawless(f *testing.F)        { fuzzMethod(f, "nowcast_lawless") }
func FuzzProportionCi(f *testing.F)          { fuzzMethod(f, "proportion_ci") }
func FuzzQuality(f *testing.F)               { fuzzMethod(f, "quality") }
func FuzzRateCi(f *testing.F)                { fuzzMethod(f, "rate_ci") }
func FuzzRateRatio(f *testing.F)             { fuzzMethod(f, "rate_ratio") }
func FuzzRogerson(f *testing.F)              { fuzzMethod(f, "rogerson") }
func FuzzScanSpaceTime(f *testing.F)         { fuzzMethod(f, "scan_spacetime") }
func FuzzScanSpatial(f *testing.F)           { fuzzMethod(f, "scan_spatial") }
func FuzzSMR(f *testing.F)                   { fuzzMethod(f, "smr") }
func FuzzTrendProportions(f *testing.F)      { fuzzMethod(f, "trend_proportions") }
func FuzzTwoProportions(f *testing.F)        { fuzzMethod(f, "two_proportions") }
