package reports

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// drawing collects the elements of an SVG picture. Colours and fonts come from the style sheet through
// classes, so that the picture follows the colour scheme and prints in ink.
type drawing struct {
	strings.Builder
	stretch bool // fill the space given, whatever its shape
}

func (d *drawing) add(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// text writes a label; anchor is start, middle or end.
func (d *drawing) text(x, y float64, class, anchor, label string) {
	d.add(`<text x="%s" y="%s" class="%s" text-anchor="%s">%s</text>`, px(x), px(y), class, anchor, html.EscapeString(label))
}

// name writes the name of a row, to the left of x, in two lines if it is long.
func (d *drawing) name(x, y float64, name string) {
	if columns(name) <= nameWidth {
		d.text(x, y+4, "t", "end", name)
		return
	}
	first := []rune(name)
	for columns(string(first)) > nameWidth {
		first = first[:len(first)-1]
	}
	if at := strings.LastIndex(string(first), " "); at > len(string(first))/2 {
		first = []rune(string(first)[:at])
	}
	d.text(x, y-2, "t small", "end", strings.TrimSpace(string(first)))
	d.text(x, y+8, "t small", "end", fit(strings.TrimSpace(name[len(string(first)):]), nameWidth+1))
}

// nameWidth is the width in ems of the names of rows.
const nameWidth = 11.5

// rowHeight leaves room for a second line where a name needs one.
func rowHeight(names []string) float64 {
	for _, name := range names {
		if columns(name) > nameWidth {
			return 27
		}
	}
	return 21
}

// px writes a length with one decimal.
func px(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }

// picture wraps the drawing.
func (d *drawing) picture(width, height float64, alt string) template.HTML {
	stretch := ""
	if d.stretch {
		stretch = ` preserveAspectRatio="none"`
	}
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %s %s"%s role="img" aria-label="%s">%s</svg>`,
		px(width), px(height), stretch, html.EscapeString(alt), d.String()))
}

// columns returns the width of a text in ems: a full em for a Chinese character, about half for others.
func columns(text string) float64 {
	n := 0.0
	for _, r := range text {
		if r >= 0x2e80 {
			n++
		} else {
			n += 0.56
		}
	}
	return n
}

// fit cuts a text to a width in ems.
func fit(text string, width float64) string {
	if columns(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && columns(string(runes)) > width-1 {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// svg draws the series.
func (s series) svg(alt string) template.HTML {
	const width, height = 480.0, 250.0
	left, right, top, bottom := 40.0, 8.0, 30.0, 24.0
	var d drawing
	if names := s.legend(); len(names) > 0 {
		x, y := left, 12.0
		for i, l := range s.layers {
			wide := 18 + 12*columns(names[i])
			if i > 0 && x+wide > width {
				x, y = left, y+16
			}
			d.legend(x, y, l)
			d.text(x+18, y+4, "t", "start", names[i])
			x += wide + 16
		}
		top = y + 36
	}
	highest, step := s.scale()
	plot := height - top - bottom
	y := func(v float64) float64 { return top + plot*(1-(v-s.floor)/(highest-s.floor)) }
	slot := (width - left - right) / float64(max(1, len(s.labels)))
	x := func(i int) float64 { return left + slot*(float64(i)+0.5) }
	for v := s.floor; v <= highest*1.0001; v += step {
		class := "grid"
		if v == s.floor {
			class = "axis"
		}
		d.add(`<path class="%s" d="M%s %sH%s"/>`, class, px(left), px(y(v)), px(width-right))
		d.text(left-6, y(v)+4, "t", "end", strconv.FormatFloat(v, 'f', -1, 64))
	}
	d.text(left-6, top-10, "t", "end", s.axis)
	// Labels count back from the newest, which is moved left where it would leave the picture.
	every := 1
	for _, label := range s.labels {
		half := 6 * columns(label)
		for float64(every)*slot < 2*half+6+max(0, x(len(s.labels)-1)+half-width) {
			every++
		}
	}
	for i := range s.labels {
		if (len(s.labels)-1-i)%every == 0 {
			d.text(min(x(i), width-6*columns(s.labels[i])), height-6, "t", "middle", s.labels[i])
		}
	}
	for _, i := range s.breaks {
		d.add(`<path class="break" d="M%s %sV%s"/>`, px(x(i)-slot/2), px(top), px(height-bottom))
	}
	for _, l := range s.layers {
		l.draw(&d, x, y, slot)
	}
	return d.picture(width, height, alt)
}

// legend draws the sample of a layer.
func (d *drawing) legend(x, y float64, l layer) {
	switch l.kind {
	case bars:
		d.add(`<rect class="f%d" x="%s" y="%s" width="12" height="10"/>`, l.color, px(x), px(y-5))
	case alarms:
		d.triangle(x+6, y, l.color)
	default:
		d.add(`<path class="s%d" d="M%s %sh14"/>`, l.color, px(x), px(y))
	}
}

func (d *drawing) triangle(x, y float64, color int) {
	d.add(`<path class="f%d" d="M%s %sl6 10h-12z"/>`, color, px(x), px(y-6))
}

func (l layer) draw(d *drawing, x func(int) float64, y func(float64) float64, slot float64) {
	if l.kind == line {
		for _, run := range l.runs() {
			path, back := "", ""
			for _, i := range run {
				if l.marks[i].interval {
					path += fmt.Sprintf("%s %s ", px(x(i)), px(y(l.marks[i].high)))
					back = fmt.Sprintf("%s %s ", px(x(i)), px(y(l.marks[i].low))) + back
				}
			}
			if path != "" {
				d.add(`<path class="b%d" d="M%sL%sz"/>`, l.color, strings.TrimSpace(path), strings.TrimSpace(back))
			}
		}
	}
	if l.kind == line || l.kind == threshold {
		for _, run := range l.runs() {
			d.add(`<path class="s%d" d="M`, l.color)
			for _, i := range run {
				d.add(`%s %s `, px(x(i)), px(y(l.marks[i].value)))
			}
			d.add(`"/>`)
		}
	}
	for i, m := range l.marks {
		if !m.ok {
			continue
		}
		hollow := ""
		if m.hollow {
			hollow = " hollow"
		}
		switch l.kind {
		case bars:
			w := min(28, slot*0.7)
			d.add(`<rect class="f%d%s" x="%s" y="%s" width="%s" height="%s"/>`, l.color, hollow, px(x(i)-w/2), px(y(m.value)), px(w), px(y(0)-y(m.value)))
			if l.texts {
				d.text(x(i), y(m.value)-5, "t", "middle", m.label)
			}
		case line:
			d.add(`<circle class="f%d%s" cx="%s" cy="%s" r="4"/>`, l.color, hollow, px(x(i)), px(y(m.value)))
		case alarms:
			d.triangle(x(i), y(m.value)-8, l.color)
		}
	}
}

// runs returns the stretches of a layer without a gap.
func (l layer) runs() [][]int {
	var runs [][]int
	for i, m := range l.marks {
		switch {
		case !m.ok:
		case i > 0 && l.marks[i-1].ok && len(runs) > 0:
			runs[len(runs)-1] = append(runs[len(runs)-1], i)
		default:
			runs = append(runs, []int{i})
		}
	}
	return runs
}

// svg draws the ranking.
func (r ranks) svg(alt string) template.HTML {
	const width, top, bottom, label = 480.0, 26.0, 26.0, 150.0
	row := rowHeight(r.names)
	height := top + row*float64(len(r.names)) + bottom
	low := r.floor()
	x := func(v float64) float64 { return label + (width-label-56)*(v-low)/(100-low) }
	var d drawing
	step := 10.0
	if low < 50 {
		step = 20
	}
	for v := low; v <= 100.01; v += step {
		d.add(`<path class="grid" d="M%s %sV%s"/>`, px(x(v)), px(top-4), px(height-bottom))
		d.text(x(v), height-8, "t", "middle", strconv.FormatFloat(v, 'f', -1, 64)+"%")
	}
	if r.target != nil {
		d.add(`<path class="s2" d="M%s %sV%s"/>`, px(x(*r.target)), px(top-4), px(height-bottom))
		d.text(min(x(*r.target), width-6*columns(r.goal)), top-10, "t target", "middle", r.goal)
	}
	for i, m := range r.marks {
		y := top + row*(float64(i)+0.5)
		d.name(label-8, y, r.names[i])
		if m.interval {
			d.add(`<path class="i1" d="M%s %sH%s"/>`, px(x(m.low)), px(y), px(x(m.high)))
		}
		hollow := ""
		if m.hollow {
			hollow = " hollow"
		}
		d.add(`<circle class="f1%s" cx="%s" cy="%s" r="5"/>`, hollow, px(x(m.value)), px(y))
		d.text(width, y+4, "t", "end", m.label)
	}
	return d.picture(width, height, alt)
}

// svg draws the bars.
func (r rows) svg(alt string) template.HTML {
	const width, top, bottom, label = 480.0, 6.0, 38.0, 150.0
	row := rowHeight(r.names)
	height := top + row*float64(len(r.names)) + bottom
	highest, step := r.scale()
	x := func(v float64) float64 { return label + (width-label-64)*v/highest }
	var d drawing
	for v := 0.0; v <= highest*1.0001; v += step {
		class := "grid"
		if v == 0 {
			class = "axis"
		}
		d.add(`<path class="%s" d="M%s %sV%s"/>`, class, px(x(v)), px(top), px(height-bottom))
		d.text(x(v), height-bottom+16, "t", "middle", strconv.FormatFloat(v, 'f', -1, 64))
	}
	d.text((label+width-64)/2, height-6, "t", "middle", r.axis)
	for i, m := range r.marks {
		y := top + row*(float64(i)+0.5)
		d.name(label-8, y, r.names[i])
		at := label
		if m.ok {
			at = x(m.value)
			d.add(`<rect class="f1" x="%s" y="%s" width="%s" height="13"/>`, px(label), px(y-6.5), px(at-label))
		}
		d.text(at+5, y+4, "t", "start", m.label)
	}
	return d.picture(width, height, alt)
}

// spark draws the history of a reading between its lowest and highest value, the target as a broken line.
func (w words) spark(r Reading) template.HTML {
	const width, height, pad = 120.0, 34.0, 5.0
	low, high := math.Inf(1), math.Inf(-1)
	known := 0
	for _, p := range r.History {
		if p.Value.Value != nil {
			low, high = min(low, *p.Value.Value), max(high, *p.Value.Value)
			known++
		}
	}
	if known < 2 {
		return ""
	}
	if r.Target != nil {
		low, high = min(low, *r.Target), max(high, *r.Target)
	}
	if low == high {
		low, high = low-1, high+1
	}
	y := func(v float64) float64 { return pad + (height-2*pad)*(high-v)/(high-low) }
	x := func(i int) float64 { return pad + (width-2*pad)*float64(i)/float64(max(1, len(r.History)-1)) }
	var d drawing
	if r.Target != nil {
		d.add(`<path class="goal" d="M0 %sH%s"/>`, px(y(*r.Target)), px(width))
	}
	l := layer{kind: line, color: 1}
	var values []string
	for _, p := range r.History {
		m := mark{}
		if p.Value.Value != nil {
			m = mark{ok: true, value: *p.Value.Value}
		}
		l.marks = append(l.marks, m)
		values = append(values, w.value(p.Value, r.Unit, r.Target))
	}
	for _, run := range l.runs() {
		d.add(`<path class="s1" d="M`)
		for _, i := range run {
			d.add(`%s %s `, px(x(i)), px(y(l.marks[i].value)))
		}
		d.add(`"/>`)
	}
	for i, m := range l.marks {
		if !m.ok {
			continue
		}
		class, radius := "f1", 2.0
		if i == len(l.marks)-1 {
			radius = 3.5
			if r.History[i].Provisional {
				class = "f1 hollow"
			}
		}
		d.add(`<circle class="%s" cx="%s" cy="%s" r="%s"/>`, class, px(x(i)), px(y(m.value)), px(radius))
	}
	return d.picture(width, height, w.say("report.spark_label", "title", w.in(r.Title),
		"from", w.periodName(r.History[0].Period), "to", w.periodName(r.History[len(r.History)-1].Period), "values", w.list(values)))
}

// gauge draws a share beside its target: a bar from zero, its interval and the target.
func (w words) gauge(r Reading) template.HTML {
	if r.Unit != "share" || r.Target == nil || r.Value.Value == nil {
		return ""
	}
	const width, height = 240.0, 16.0
	d := drawing{stretch: true}
	d.add(`<rect class="track" x="0" y="4" width="240" height="8" rx="2"/>`)
	d.add(`<rect class="f1" x="0" y="4" width="%s" height="8" rx="2"/>`, px(width**r.Value.Value))
	if r.Value.Lower != nil && r.Value.Upper != nil {
		d.add(`<path class="whisker" d="M%s 8H%s"/>`, px(width**r.Value.Lower), px(width**r.Value.Upper))
	}
	at := min(width-1, width**r.Target)
	d.add(`<path class="tick" d="M%s 0V16"/>`, px(at))
	return d.picture(width, height, w.say("report.bar_label", "value", w.value(r.Value, r.Unit, r.Target), "target", w.target(*r.Target)))
}
