package reports

import (
	"math"
	"strings"
)

// trendFigure draws the course of a reading with its interval and its target.
func (w words) trendFigure(r Reading) figure {
	id := "trend-" + strings.ToLower(r.Indicator)
	f := figure{ID: id, Title: r.Indicator + " " + w.in(r.Title)}
	s := series{id: id, axis: w.say("report.axis_share"), top: 100}
	value := layer{name: w.say("report.series_value"), kind: line, color: 1}
	goal := layer{name: w.say("report.series_target"), kind: threshold, color: 2}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true, true}, Columns: []string{
		w.say("report.column_period"), w.say("report.column_value"), w.say("report.column_counts"), w.say("report.column_interval"),
	}}
	running := false
	for i, p := range r.Steps {
		name := w.periodName(p.Period)
		s.labels = append(s.labels, name)
		value.marks = append(value.marks, w.shareMark(p, name))
		goal.marks = append(goal.marks, mark{ok: r.Target != nil, value: tenths(100 * *r.Target), label: w.target(*r.Target), text: w.say("report.target_line", "target", w.target(*r.Target))})
		f.Table.Rows = append(f.Table.Rows, append([]string{name}, w.shareCells(p)...))
		running = running || p.Provisional
		if r.Indicator == "T3" && i > 0 && changed(r.Steps[:i+1]) {
			s.breaks = append(s.breaks, i)
			f.Notes = append(f.Notes, w.say("report.break_note", "period", name))
		}
	}
	if running {
		f.Notes = append(f.Notes, w.say("report.provisional_note"))
	}
	s.layers = []layer{value, goal}
	s.floor = s.lowest()
	w.finish(&f, s, value)
	return f
}

// projectionFigure draws where the shares will stand at the end of the year; counts stand in the table.
func (w words) projectionFigure(projections []Projection) figure {
	f := figure{ID: "projection", Title: w.say("report.figure_projection"), Tall: true, Notes: []string{w.say("report.projection_note")}}
	c := ranks{id: f.ID, value: w.say("report.series_projected"), within: w.say("report.series_interval")}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true, true, true, false}, Columns: []string{
		w.say("report.column_reading"), w.say("report.column_projected"), w.say("report.column_interval"),
		w.say("report.column_target"), w.say("report.column_probability"), w.say("report.column_prospect"),
	}}
	same := true
	for _, p := range projections {
		unit := p.Unit
		value, span := w.value(p.Projected, unit, p.Target), w.interval(p.Projected, unit)
		target, chance := w.say("report.none"), w.say("report.none")
		if p.Target != nil && unit == "share" {
			target = w.target(*p.Target)
		} else if unit == "count" {
			target = w.say("report.target_falling")
		}
		if p.Probability != nil {
			chance = w.chance(*p.Probability)
		}
		f.Table.Rows = append(f.Table.Rows, []string{p.Indicator + " " + w.in(p.Title), value, span, target, chance, w.say("report.prospect." + p.Status)})
		if p.Projected.Value == nil || unit != "share" {
			continue
		}
		m := mark{
			ok: true, value: tenths(100 * *p.Projected.Value), label: value,
			text: w.say("report.projected_text", "title", w.in(p.Title), "value", value, "range", span),
		}
		if p.Projected.Lower != nil && p.Projected.Upper != nil {
			m.interval, m.low, m.high = true, tenths(100**p.Projected.Lower), tenths(100**p.Projected.Upper)
		}
		c.names, c.marks = append(c.names, p.Indicator+" "+w.in(p.Title)), append(c.marks, m)
		switch {
		case p.Target == nil:
			same = false
		case c.target == nil:
			t := 100 * *p.Target
			c.target, c.goal = &t, w.say("report.target_line", "target", w.target(*p.Target))
		case math.Abs(*c.target-100**p.Target) > 1e-9:
			same = false
		}
	}
	if !same {
		c.target, c.goal = nil, ""
	}
	w.finishRanks(&f, c)
	return f
}

// chance writes a probability in whole percent, the ends as limits: nothing is certain.
func (w words) chance(p float64) string {
	switch {
	case p < 0.01:
		return "<1%"
	case p > 0.99:
		return ">99%"
	}
	return w.count(int(math.Round(100*p))) + "%"
}

// exposureFigure draws for each hazard how many groups of workers are over the limit, beside all of them in the table.
func (w words) exposureFigure(levels []ExposureLevel) figure {
	f := figure{ID: "exposure-levels", Title: w.say("report.figure_exposure"), Tall: true, Notes: []string{w.say("report.exposure_note")}}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true, true, true, true}, Columns: []string{
		w.say("report.column_hazard"), w.say("report.verdict_group.non-compliance"), w.say("report.verdict_group.no-decision"),
		w.say("report.verdict_group.compliance"), w.say("report.verdict_group.too-few"), w.say("report.column_over"),
	}}
	c := rows{id: f.ID, name: w.say("report.verdict_group.non-compliance"), axis: w.say("report.axis_groups")}
	for _, x := range levels {
		name := w.in(x.Hazard)
		all := x.Exceeding + x.Undecided + x.Compliant + x.TooFew
		f.Table.Rows = append(f.Table.Rows, []string{name, w.count(x.Exceeding), w.count(x.Undecided), w.count(x.Compliant), w.count(x.TooFew), w.count(x.Over)})
		c.names = append(c.names, name)
		label := w.of(float64(x.Exceeding), float64(all))
		c.marks = append(c.marks, mark{ok: true, value: float64(x.Exceeding), label: label, text: w.say("report.exposure_text", "name", name, "of", label)})
	}
	w.finishRows(&f, c)
	return f
}

// doseFigure draws the distribution of annual doses.
func (w words) doseFigure(d DoseTable) figure {
	f := figure{ID: "doses", Title: w.say("report.figure_dose", "year", d.Year), Tall: true}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true}, Total: true, Columns: []string{
		w.say("report.column_dose"), w.say("report.column_persons"), w.say("report.column_share"),
	}}
	c := rows{id: f.ID, name: w.say("report.column_persons"), axis: w.say("report.axis_persons")}
	for i, band := range d.Bands {
		name := band + " mSv"
		if band == "<MDL" {
			name = w.say("report.dose_mdl")
		}
		n, share := w.count(d.Counts[i]), w.say("report.none")
		hidden := d.Hidden != nil && d.Hidden[i]
		switch {
		case hidden:
			n, share = w.say("report.hidden"), w.say("report.hidden")
		case d.Monitored >= MinRanked:
			share = w.percent(float64(d.Counts[i])/float64(d.Monitored), nil)
		}
		f.Table.Rows = append(f.Table.Rows, []string{name, n, share})
		c.names = append(c.names, name)
		c.marks = append(c.marks, mark{ok: !hidden, value: float64(d.Counts[i]), label: n, text: w.say("report.dose_text", "name", name, "n", n)})
	}
	f.Table.Rows = append(f.Table.Rows, []string{w.say("report.total"), w.count(d.Monitored), ""})
	f.Notes = append(f.Notes, w.say("report.dose_note", "sum", decimals(d.Collective)))
	if d.Mean != nil {
		f.Notes = append(f.Notes, w.say("report.dose_mean", "mean", decimals(*d.Mean)))
	}
	if d.Max != nil {
		f.Notes = append(f.Notes, w.say("report.dose_max", "max", decimals(*d.Max)))
	}
	w.finishRows(&f, c)
	return f
}

// funnelFigure draws how many cases reached each step.
func (w words) funnelFigure(steps []FunnelStep) figure {
	f := figure{ID: "funnel", Title: w.say("report.figure_funnel"), Tall: true, Notes: []string{w.say("report.funnel_note")}}
	f.Table = table{Caption: f.Title, Numeric: []bool{false, true, true}, Columns: []string{
		w.say("report.column_step"), w.say("report.column_case_files"), w.say("report.column_persons"),
	}}
	c := rows{id: f.ID, name: w.say("report.column_case_files"), axis: w.say("report.axis_cases")}
	for _, x := range steps {
		name, n := w.say("report.step."+x.Name), w.countOr(x.Cases)
		f.Table.Rows = append(f.Table.Rows, []string{name, n, w.countOr(x.Persons)})
		m := mark{label: n}
		if x.Cases != nil {
			m = mark{ok: true, value: *x.Cases, label: n, text: w.say("report.point_cases_text", "period", name, "n", w.unit("T7", *x.Cases))}
		}
		c.names, c.marks = append(c.names, name), append(c.marks, m)
	}
	w.finishRows(&f, c)
	return f
}

// countOr writes a count, a dot where it is hidden.
func (w words) countOr(n *float64) string {
	if n == nil {
		return w.say("report.hidden")
	}
	return w.number(*n)
}

// finishRanks draws a ranking and says what it shows.
func (w words) finishRanks(f *figure, c ranks) {
	if len(c.marks) == 0 {
		f.Alt = w.say("report.alt_empty", "title", f.Title)
		return
	}
	lowest, highest := 0, 0
	for i, m := range c.marks {
		if m.value < c.marks[lowest].value {
			lowest = i
		}
		if m.value > c.marks[highest].value {
			highest = i
		}
	}
	f.Alt = w.say("report.alt_rows", "title", f.Title, "n", w.count(len(c.marks)), "first", c.marks[highest].text, "last", c.marks[lowest].text)
	f.Option, f.SVG = c.option(), c.svg(f.Alt)
}

// finishRows draws bars and says what they show.
func (w words) finishRows(f *figure, c rows) {
	lowest, highest, n := -1, -1, 0
	for i, m := range c.marks {
		if !m.ok {
			continue
		}
		n++
		if lowest < 0 || m.value < c.marks[lowest].value {
			lowest = i
		}
		if highest < 0 || m.value > c.marks[highest].value {
			highest = i
		}
	}
	if n == 0 {
		f.Alt = w.say("report.alt_empty", "title", f.Title)
		return
	}
	f.Alt = w.say("report.alt_rows", "title", f.Title, "n", w.count(n), "first", c.marks[highest].text, "last", c.marks[lowest].text)
	f.Option, f.SVG = c.option(), c.svg(f.Alt)
}
