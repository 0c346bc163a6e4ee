package stats

// Reporting says how complete the newest periods of a reporting system are. Entry i of both lists is for a period
// that lies i periods before the last one.
type Reporting struct {
	Share []float64 // of all that will be reported, known by now: 0 to 1; NaN when nothing was reported to learn from
	// Variation is the squared coefficient of variation of Share, which was learned from few reports: the second
	// term of the variance of Lawless' estimate, relative to the estimate.
	Variation []float64
}

// ReportingShares learns the delays of a system from its triangle: counts[t][x] is the number of events of period t
// that were reported with a delay of x periods, the last column with that delay or a longer one. Cells that cannot
// be known yet (t + x beyond the last period) are not read. window is the number of newest periods that delays are
// learned from; 0 or less: all.
//
// It is the weight of Nowcast with its corrected variance, for counts in place of single records: Lawless, Can J Stat
// 1994;22:15–31, equations 2.4 and 3.5.
func ReportingShares(counts [][]float64, window int) (Reporting, error) {
	if len(counts) == 0 || len(counts[0]) == 0 {
		return Reporting{}, argumentError("counts", "the triangle is empty")
	}
	longest, last := len(counts[0])-1, len(counts)-1
	if longest > last {
		return Reporting{}, argumentError("counts", "%d delays need at least as many periods, got %d", longest+1, len(counts))
	}
	r := NowcastResult{Periods: make([]NowcastPeriod, len(counts))}
	for t, row := range counts {
		if len(row) != longest+1 {
			return Reporting{}, argumentError("counts", "period %d has %d delays, the first %d", t+1, len(row), longest+1)
		}
		known := row[:min(longest, last-t)+1]
		if err := checkCounts("counts", known, false); err != nil {
			return Reporting{}, err
		}
		r.Periods[t].Reported = row
		r.Periods[t].Total = sum(known)
	}
	r.learnDelays(NowcastOptions{MaxDelay: longest, Window: window})
	s := Reporting{Share: make([]float64, longest), Variation: make([]float64, longest)}
	for age := range longest {
		s.Share[age] = r.Periods[last-age].Weight
		for x := age + 1; x <= longest; x++ {
			switch g := r.Hazard[x]; {
			case !(r.AtRisk[x] > 0) || g >= 1:
				s.Share[age] = missing()
			case g > 0:
				s.Variation[age] += g / ((1 - g) * r.AtRisk[x])
			}
		}
	}
	return s, nil
}
