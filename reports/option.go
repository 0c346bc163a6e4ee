package reports

import (
	"encoding/json"
	"html/template"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// Colours are named, not fixed: the page's script replaces var(--name) by the value that the style sheet
// holds for the colour scheme in use.
const (
	colorInk     = "var(--ink-2)"
	colorGrid    = "var(--line)"
	colorSurface = "var(--surface)"
	transparent  = "rgba(0,0,0,0)"
)

func palette(n int) string { return []string{"var(--c1)", "var(--c2)", "var(--c3)"}[(n-1)%3] }

// item is one value of an ECharts series. go-echarts has a type for each kind of chart, none of which knows
// the borders and tooltips that all kinds share.
type item struct {
	Value      any        `json:"value"`
	Symbol     string     `json:"symbol,omitempty"`
	SymbolSize int        `json:"symbolSize,omitempty"`
	ItemStyle  *itemStyle `json:"itemStyle,omitempty"`
	Tooltip    *tooltip   `json:"tooltip,omitempty"`
}

type itemStyle struct {
	Color       string  `json:"color,omitempty"`
	BorderColor string  `json:"borderColor,omitempty"`
	BorderWidth float64 `json:"borderWidth,omitempty"`
	BorderType  string  `json:"borderType,omitempty"`
}

type tooltip struct {
	Formatter string
	Hidden    bool
}

// MarshalJSON leaves out the tooltip of a mark that only carries an interval.
func (t tooltip) MarshalJSON() ([]byte, error) {
	if t.Hidden {
		return []byte(`{"show":false}`), nil
	}
	return json.Marshal(map[string]string{"formatter": t.Formatter})
}

// missing is what ECharts takes for a value that is not there.
const missing = "-"

// option returns the ECharts option of the series as JSON that is safe inside a script element.
func (s series) option() template.JS {
	chart := charts.NewBar()
	top, step := s.scale()
	labels := make([]string, len(s.labels))
	copy(labels, s.labels)
	chart.SetXAxis(labels)
	chart.SetGlobalOptions(append(frame(s.id, s.legend()),
		charts.WithXAxisOpts(opts.XAxis{
			Type: "category", AxisLabel: &opts.AxisLabel{Color: colorInk, HideOverlap: opts.Bool(true), FontSize: 12},
			AxisTick: &opts.AxisTick{Show: opts.Bool(false)}, AxisLine: &opts.AxisLine{LineStyle: &opts.LineStyle{Color: colorInk}},
		}),
		charts.WithYAxisOpts(opts.YAxis{
			Type: "value", Name: s.axis, Min: s.floor, Max: top, MinInterval: step, MaxInterval: step,
			AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12},
			SplitLine: &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: colorGrid}},
		}))...)
	for _, l := range s.layers {
		l.add(chart)
	}
	if len(s.breaks) > 0 && len(chart.MultiSeries) > 0 {
		line := &opts.MarkLines{MarkLineStyle: opts.MarkLineStyle{
			Symbol: []string{"none", "none"}, Label: &opts.Label{Show: opts.Bool(false)},
			LineStyle: &opts.LineStyle{Color: colorInk, Type: "dotted", Width: 1.5},
		}}
		for _, i := range s.breaks {
			line.Data = append(line.Data, opts.MarkLineNameXAxisItem{XAxis: i})
		}
		chart.MultiSeries[len(chart.MultiSeries)-1].MarkLines = line
	}
	return encode(chart)
}

// add puts the layer into the chart. An interval becomes a band: an unseen line at its lower end with the
// width of the interval stacked on top.
func (l layer) add(chart *charts.Bar) {
	color := palette(l.color)
	items := make([]item, len(l.marks))
	low, width := make([]item, len(l.marks)), make([]item, len(l.marks))
	intervals := false
	for i, m := range l.marks {
		items[i], low[i], width[i] = item{Value: missing}, item{Value: missing}, item{Value: missing}
		if !m.ok {
			continue
		}
		items[i] = item{Value: m.value, Tooltip: &tooltip{Formatter: m.text}}
		if m.hollow {
			items[i].ItemStyle = &itemStyle{Color: colorSurface, BorderColor: color, BorderWidth: 1.5}
			if l.kind == bars {
				items[i].ItemStyle.BorderType = "dashed"
			}
		}
		if m.interval {
			intervals = true
			low[i].Value, width[i].Value = m.low, tenths(m.high-m.low)
		}
	}
	one := charts.SingleSeries{Name: l.name, Data: items}
	switch l.kind {
	case bars:
		one.Type, one.BarMaxWidth = "bar", "28"
		one.ItemStyle = &opts.ItemStyle{Color: color}
		if l.texts {
			one.Label = &opts.Label{Show: opts.Bool(true), Position: "top", Color: colorInk, FontSize: 12}
		}
	case line:
		if intervals {
			band := charts.SingleSeries{Type: "line", Stack: l.name, Data: low, Symbol: "none", LineStyle: &opts.LineStyle{Opacity: opts.Float(0)}}
			chart.MultiSeries = append(chart.MultiSeries, band)
			band.Data, band.AreaStyle = width, &opts.AreaStyle{Color: color, Opacity: opts.Float(0.16)}
			chart.MultiSeries = append(chart.MultiSeries, band)
		}
		one.Type, one.Symbol, one.SymbolSize = "line", []string{"circle", "diamond", "triangle"}[(l.color-1)%3], 8
		one.ItemStyle = &opts.ItemStyle{Color: color}
		one.LineStyle = &opts.LineStyle{Color: color, Width: 2, Type: []string{"solid", "dashed", "dotted"}[(l.color-1)%3]}
	case threshold:
		one.Type, one.Symbol = "line", "none"
		one.ItemStyle = &opts.ItemStyle{Color: color}
		one.LineStyle = &opts.LineStyle{Color: color, Width: 1.5, Type: "dashed"}
	case alarms:
		one.Type, one.Symbol, one.SymbolSize = "scatter", "triangle", 12
		one.ItemStyle = &opts.ItemStyle{Color: color, Opacity: opts.Float(1)}
	}
	chart.MultiSeries = append(chart.MultiSeries, one)
}

// option returns the ECharts option of the ranking: an unseen bar up to the lower end of the interval, a thin
// bar for the interval, a point for the value, a line for the target.
func (r ranks) option() template.JS {
	chart := charts.NewBar()
	names := make([]string, len(r.names))
	for i, name := range r.names {
		names[i] = fit(name, 18) // two lines
	}
	chart.SetXAxis(names).XYReversal()
	chart.SetGlobalOptions(append(frame(r.id, []string{r.value, r.within}),
		charts.WithXAxisOpts(opts.XAxis{
			Type: "value", Min: r.floor(), Max: 100,
			AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12, Formatter: "{value}%"},
			SplitLine: &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: colorGrid}},
		}),
		charts.WithYAxisOpts(opts.YAxis{
			Type: "category", Inverse: opts.Bool(true),
			AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12, Width: 124, Overflow: "break", Interval: "0"},
			AxisLine:  &opts.AxisLine{LineStyle: &opts.LineStyle{Color: colorInk}},
		}))...)
	// A second axis carries the values as text, in a column of their own.
	values := make([]string, len(r.marks))
	for i, m := range r.marks {
		values[i] = m.label
	}
	chart.ExtendYAxis(opts.YAxis{
		Type: "category", Inverse: opts.Bool(true), Position: "right", Data: values,
		AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12, Interval: "0"},
		AxisLine:  &opts.AxisLine{Show: opts.Bool(false)}, SplitLine: &opts.SplitLine{Show: opts.Bool(false)},
	})
	low, width, points := make([]item, len(r.marks)), make([]item, len(r.marks)), make([]item, len(r.marks))
	for i, m := range r.marks {
		low[i], width[i] = item{Value: missing}, item{Value: missing}
		if m.interval {
			low[i].Value, width[i].Value = m.low, tenths(m.high-m.low)
			low[i].Tooltip = &tooltip{Hidden: true}
			width[i].Tooltip = &tooltip{Formatter: m.text}
		}
		points[i] = item{Value: []any{m.value, i}, Tooltip: &tooltip{Formatter: m.text}}
		if m.hollow {
			points[i].ItemStyle = &itemStyle{Color: colorSurface, BorderColor: palette(1), BorderWidth: 2}
		}
	}
	value := charts.SingleSeries{Name: r.value, Type: "scatter", Symbol: "circle", SymbolSize: 10, Data: points, ItemStyle: &opts.ItemStyle{Color: palette(1), Opacity: opts.Float(1)}}
	if r.target != nil {
		value.MarkLines = &opts.MarkLines{
			Data: []any{opts.MarkLineNameXAxisItem{Name: r.goal, XAxis: *r.target}},
			MarkLineStyle: opts.MarkLineStyle{
				Symbol:    []string{"none", "none"},
				Label:     &opts.Label{Show: opts.Bool(true), Position: "start", Formatter: "{b}", Color: palette(2), FontSize: 12},
				LineStyle: &opts.LineStyle{Color: palette(2), Type: "dashed", Width: 1.5},
			},
		}
	}
	chart.MultiSeries = append(chart.MultiSeries,
		charts.SingleSeries{Type: "bar", Stack: "interval", BarWidth: "4", Data: low, ItemStyle: &opts.ItemStyle{Color: transparent}},
		charts.SingleSeries{Name: r.within, Type: "bar", Stack: "interval", BarWidth: "4", Data: width, ItemStyle: &opts.ItemStyle{Color: palette(1), Opacity: opts.Float(0.4)}},
		value)
	return encode(chart)
}

// option returns the ECharts option of the bars.
func (r rows) option() template.JS {
	chart := charts.NewBar()
	top, step := r.scale()
	names := make([]string, len(r.names))
	for i, name := range r.names {
		names[i] = fit(name, 18) // two lines
	}
	chart.SetXAxis(names).XYReversal()
	chart.SetGlobalOptions(append(frame(r.id, nil),
		charts.WithXAxisOpts(opts.XAxis{
			Type: "value", Min: 0, Max: top, MinInterval: step, MaxInterval: step, AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12},
			SplitLine: &opts.SplitLine{Show: opts.Bool(true), LineStyle: &opts.LineStyle{Color: colorGrid}},
		}),
		charts.WithYAxisOpts(opts.YAxis{
			Type: "category", Inverse: opts.Bool(true),
			AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12, Width: 124, Overflow: "break", Interval: "0"},
			AxisLine:  &opts.AxisLine{LineStyle: &opts.LineStyle{Color: colorInk}},
		}))...)
	values := make([]string, len(r.marks)) // a second axis carries the values as text
	bars := make([]item, len(r.marks))
	for i, m := range r.marks {
		values[i] = m.label
		if bars[i] = (item{Value: missing}); m.ok {
			bars[i] = item{Value: m.value, Tooltip: &tooltip{Formatter: m.text}}
		}
	}
	chart.ExtendYAxis(opts.YAxis{
		Type: "category", Inverse: opts.Bool(true), Position: "right", Data: values,
		AxisLabel: &opts.AxisLabel{Color: colorInk, FontSize: 12, Interval: "0"},
		AxisLine:  &opts.AxisLine{Show: opts.Bool(false)}, SplitLine: &opts.SplitLine{Show: opts.Bool(false)},
	})
	chart.MultiSeries = append(chart.MultiSeries, charts.SingleSeries{
		Name: r.name, Type: "bar", BarMaxWidth: "16", Data: bars, ItemStyle: &opts.ItemStyle{Color: palette(1)},
	})
	return encode(chart)
}

// legend names the layers when there is more than one.
func (s series) legend() []string {
	if len(s.layers) < 2 {
		return nil
	}
	var names []string
	for _, l := range s.layers {
		names = append(names, l.name)
	}
	return names
}

// frame holds what all charts share; legend names the series to explain.
func frame(id string, legend []string) []charts.GlobalOpts {
	top := "30"
	if len(legend) > 0 {
		top = "52"
	}
	return []charts.GlobalOpts{
		charts.WithInitializationOpts(opts.Initialization{ChartID: id}),
		charts.WithAnimation(false),
		charts.WithTitleOpts(opts.Title{Show: opts.Bool(false)}),
		charts.WithLegendOpts(opts.Legend{Show: opts.Bool(len(legend) > 0), Data: legend, Left: "0", Top: "0"}),
		charts.WithTooltipOpts(opts.Tooltip{Show: opts.Bool(true), Trigger: "item"}),
		charts.WithToolboxOpts(opts.Toolbox{Show: opts.Bool(false)}),
		charts.WithGridOpts(opts.Grid{Left: "8", Right: "16", Top: top, Bottom: "8", ContainLabel: opts.Bool(true)}),
	}
}

// encode writes the option with Go's own encoder, which escapes what could end the script element around it.
func encode(chart *charts.Bar) template.JS {
	chart.Validate()
	data, err := json.Marshal(chart.JSON())
	if err != nil {
		panic("reports: option of a chart: " + err.Error()) // only numbers and texts go in
	}
	return template.JS(data)
}
