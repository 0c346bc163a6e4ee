package reports

import "slices"

// overReadings are the readings on detection results, which stand in a table of their own.
var overReadings = []string{"S1", "S1e", "S1p", "S1x"}

// surveillanceTable lists the readings on detection results, or all others, beside those of a year earlier.
func (w words) surveillanceTable(s *Situation, caption string, over bool) table {
	t := table{Caption: w.say(caption), Numeric: []bool{false, true, true, true, true, false}, Columns: []string{
		w.say("report.column_reading"), w.say("report.column_value"), w.say("report.column_counts"), w.say("report.column_interval"),
		w.yearAgo(s), w.say("report.column_change"),
	}}
	for _, r := range s.Surveillance {
		if slices.Contains(overReadings, r.Indicator) != over {
			continue
		}
		counts := ""
		if r.Unit != "mean" && r.Unit != "median" && r.Unit != "sum" && r.Value.D != nil {
			counts = w.of(r.Value.N, *r.Value.D)
		}
		past, change := w.say("report.none"), ""
		if before := r.before(); before != nil {
			past = w.value(*before, r.Unit, nil)
			if r.Value.Value != nil {
				change = w.say("report.change." + map[verdict]string{more: "more", fewer: "fewer", same: "same"}[shift(r.Value, *before)])
			}
		} else if n := len(r.History); n > 1 && r.History[n-2].Value.Hidden {
			past = w.say("report.hidden")
		}
		t.Rows = append(t.Rows, []string{r.Indicator + " " + w.in(r.Title), w.value(r.Value, r.Unit, nil), counts, w.interval(r.Value, r.Unit), past, change})
	}
	return t
}

// stateTable counts the warnings by severity: new in the period, open at its end by state, overdue.
func (w words) stateTable(s *Situation) table {
	t := table{Caption: w.say("report.table_states"), Columns: []string{w.say("report.column_severity")}, Numeric: []bool{false}, Total: true}
	states := []string{"new", "acknowledged", "assigned", "acting", "verified"}
	columns := append([]string{"fresh", "open"}, append(slices.Clone(states), "overdue", "ended")...)
	for _, c := range columns {
		t.Columns, t.Numeric = append(t.Columns, w.say("report.state."+c)), append(t.Numeric, true)
	}
	total := make([]int, len(columns))
	for _, severity := range Severities() {
		counts := make([]int, len(columns))
		add := func(column string) {
			if i := slices.Index(columns, column); i >= 0 {
				counts[i]++
				total[i]++
			}
		}
		for _, x := range s.Warnings {
			if x.Severity != severity {
				continue
			}
			if x.New {
				add("fresh")
			}
			if !x.Open {
				add("ended")
				continue
			}
			add("open")
			add(x.State)
			if s.overdue(x) {
				add("overdue")
			}
		}
		row := []string{w.say("report.severity." + string(severity))}
		for _, n := range counts {
			row = append(row, w.count(n))
		}
		t.Rows = append(t.Rows, row)
	}
	row := []string{w.say("report.total")}
	for _, n := range total {
		row = append(row, w.count(n))
	}
	t.Rows = append(t.Rows, row)
	return t
}

// heatTable sets the townships beside the readings; each cell says by a sign and by its ground how it stands to the target.
func (w words) heatTable(s *Situation) table {
	t := table{Caption: w.say("report.table_heat"), Columns: []string{w.say("report.column_place")}, Numeric: []bool{false}}
	for _, r := range s.Readings {
		t.Columns, t.Numeric = append(t.Columns, r.Indicator+" "+w.in(r.Title)), append(t.Numeric, true)
	}
	for _, p := range s.Places {
		row, classes := []string{w.place(p.Name)}, []string{""}
		for i, x := range p.Readings {
			r := s.Readings[i]
			text, class := w.value(x.Value, r.Unit, r.Target), ""
			switch {
			case x.Value.Hidden, x.Value.Value == nil:
				class = "none"
			case r.Unit == "share" && x.Value.D != nil && *x.Value.D < MinRanked:
				class = "little"
			case r.Target != nil && *x.Value.Value >= *r.Target:
				text, class = w.say("report.heat_met", "value", text), "met"
			case r.Target != nil && *x.Value.Value >= *r.Target-0.1:
				text, class = w.say("report.heat_near", "value", text), "near"
			case r.Target != nil:
				text, class = w.say("report.heat_below", "value", text), "below"
			}
			row, classes = append(row, text), append(classes, class)
		}
		t.Rows, t.Classes = append(t.Rows, row), append(t.Classes, classes)
	}
	return t
}

// waitTable says how long patients wait from step to step.
func (w words) waitTable(waits []Wait) table {
	t := table{Caption: w.say("report.waits"), Numeric: []bool{false, true, true, true, true, true}, Columns: []string{
		w.say("report.column_wait"), w.say("report.column_at_step"), w.say("report.column_reached"), w.say("report.column_open"),
		w.say("report.column_median_days"), w.say("report.column_interval"),
	}}
	for _, x := range waits {
		median, span := w.say("report.none"), ""
		switch {
		case x.Hidden:
			median = w.say("report.hidden")
		case x.Median != nil:
			median = decimals(*x.Median)
			if x.Lower != nil && x.Upper != nil {
				span = w.say("report.range", "low", decimals(*x.Lower), "high", decimals(*x.Upper))
			}
		}
		t.Rows = append(t.Rows, []string{w.say("report.wait." + x.Name), w.countOr(x.N), w.countOr(x.Reached), w.countOr(x.Open), median, span})
	}
	return t
}

// gapBlock lists the employers behind the gap of one indicator.
func (w words) gapBlock(g GapList) block {
	b := block{Head: g.Indicator + " " + w.in(g.Title)}
	key := "report.gap_lead"
	if g.Needed == 0 {
		key = "report.gap_lead_met"
	}
	b.Lead = w.say(key, "missing", w.unit(g.Indicator, g.Missing), "employers", w.count(g.Employers), "needed", w.count(g.Needed))
	t := table{Caption: b.Head, Numeric: []bool{false, true, true, true, false}, Columns: []string{
		w.say("report.column_employer"), w.say("report.column_lacks"), w.say("report.column_of"),
		w.say("report.column_since"), w.say("report.column_why"),
	}}
	for _, l := range g.Lines {
		of, since := w.say("report.none"), l.Since
		if l.Of > 0 {
			of = w.number(l.Of)
		}
		if since == "" {
			since = w.say("report.none")
		}
		t.Rows = append(t.Rows, []string{l.Employer, w.number(l.Missing), of, since, w.in(l.Reason)})
	}
	if rest := g.Employers - len(g.Lines); rest > 0 {
		b.Notes = []string{w.say("report.gap_rest", "n", w.count(rest))}
	}
	b.Table = &t
	return b
}

// changeTable lists the values that differ from the issue before.
func (w words) changeTable(changes []Change) table {
	t := table{Caption: w.say("report.section_revision"), Numeric: []bool{false, false, true, true, false}, Columns: []string{
		w.say("report.column_reading"), w.say("report.column_period"), w.say("report.column_was"), w.say("report.column_is"), w.say("report.column_cause"),
	}}
	for _, c := range changes {
		both := func(v Value) string {
			text := w.value(v, c.Unit, nil)
			if c.Unit == "share" && v.D != nil && *v.D >= MinRanked {
				text += w.say("report.in_brackets", "text", w.of(v.N, *v.D))
			}
			return text
		}
		var causes []string
		for _, cause := range c.Causes {
			causes = append(causes, w.say("report.cause."+cause))
		}
		t.Rows = append(t.Rows, []string{c.Indicator + " " + w.in(c.Title), c.Period, both(c.Before), both(c.After), w.list(causes)})
	}
	return t
}
