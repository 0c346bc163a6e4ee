package evaluate

import "ohwatch/transform/stats"

// Choice is the recommendation for series of one background and size. Of every method the setting counts that finds most
// events while false alarms stay within the limit. Recommended is the first method, in the order of methods, that finds no
// fewer events than the best one but for tolerance.
type Choice struct {
	Background  string  `json:"background"`
	Expected    float64 `json:"expected"`
	Best        Row     `json:"best"`
	Recommended Row     `json:"recommended"`
	Shipped     Row     `json:"shipped"` // what stats.DetectorFor or stats.DetectorPerExposure choose
	ByMethod    []Row   `json:"by_method"`
}

// tolerance is the difference in sensitivity that is left to chance and taste.
const tolerance = 0.03

// recommended are the backgrounds that a recommendation is made for: with and without the exposure.
func recommended() []string { return []string{Examined, Diagnosed} }

// choices finds the recommendations.
func choices(rows []Row) []Choice {
	var out []Choice
	for _, background := range recommended() {
		for _, expected := range classes() {
			c := Choice{Background: background, Expected: expected, ByMethod: bestByMethod(rows, background, expected)}
			for _, r := range c.ByMethod {
				if c.Best.Method == "" || better(r, c.Best) {
					c.Best = r
				}
			}
			for _, r := range c.ByMethod {
				if c.Recommended.Method == "" && r.Sensitivity >= c.Best.Sensitivity-tolerance {
					c.Recommended = r
				}
			}
			name, level := nameOf(shipped(background, expected))
			for _, r := range rows {
				if r.Background == background && r.Expected == expected && r.Method == name && r.Level == level {
					c.Shipped = r
				}
			}
			out = append(out, c)
		}
	}
	return out
}

// bestByMethod is, for every method, the row of its best setting within the limit; a method without one is left out.
func bestByMethod(rows []Row, background string, expected float64) []Row {
	var out []Row
	for _, r := range rows {
		if r.Background != background || r.Expected != expected || !r.Allowed {
			continue
		}
		if n := len(out); n == 0 || out[n-1].Method != r.Method { // rows go method by method
			out = append(out, r)
		} else if better(r, out[n-1]) {
			out[n-1] = r
		}
	}
	return out
}

// better reports whether a finds more events than b, or as many with fewer false alarms.
func better(a, b Row) bool {
	const same = 1e-9
	if d := a.Sensitivity - b.Sensitivity; d > same || d < -same {
		return d > 0
	}
	return a.FalseAlarms < b.FalseAlarms
}

// shipped is the default for series of the background.
func shipped(background string, expected float64) stats.Detector {
	if background == Examined {
		return stats.DetectorPerExposure(expected)
	}
	return stats.DetectorFor(expected)
}

// nameOf finds the name and the level that a detector has in the tables; "" if it is none of theirs.
func nameOf(d stats.Detector) (name string, level float64) {
	for _, m := range methods() {
		o := m.detector
		if o.Method != d.Method || o.Window != d.Window || o.Events != d.Events || o.Test != d.Test || o.Ratio != d.Ratio || o.Past != d.Past {
			continue
		}
		if m.byP() {
			return m.name, d.Alpha
		}
		return m.name, d.ARL
	}
	return "", 0
}
