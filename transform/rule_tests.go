package transform

import (
	"fmt"
	"slices"
	"strconv"
)

// detectorTests in the header of a rule says that its query returns a row for every unit that it has tested, with the argument p.
const detectorTests = "tests"

// called leaves of the units that a rule has tested those that it raises: with a score above 0 and a false discovery rate of at most
// the parameter fdr. All rows of a week are one family (Benjamini and Hochberg). The rate q and the number of tests are
// added to the arguments.
func (r Rule) called(tested []candidate) ([]candidate, error) {
	p := make([]float64, len(tested))
	for i, c := range tested {
		x, err := strconv.ParseFloat(c.Args["p"], 64)
		if err != nil || !(x >= 0 && x <= 1) {
			return nil, fmt.Errorf("%s: line 1: the query returns for %s the p-value %q", r.Path, c.Object, c.Args["p"])
		}
		p[i] = x
	}
	rates := falseDiscovery(p)
	var found []candidate
	for i, c := range tested {
		if c.Score > 0 && rates[i] <= r.number(fdrParameter) {
			c.Args["p"], c.Args["q"], c.Args["tests"], c.Args["fdr"] = probability(p[i]), probability(rates[i]), strconv.Itoa(len(tested)), r.param(fdrParameter)
			found = append(found, c)
		}
	}
	return slices.Clip(found), nil
}
