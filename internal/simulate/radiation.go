package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// radiationWorker is somebody on the rolls of a radiation unit.
type radiationWorker struct {
	unit       *employer
	no         string
	person     *person
	class      string // 2A, 2E, 3B, …
	start, end day    // end 0: still there
	lab        *institution
	months     int // length of a period: 3, 2 or 1
	unitKind   string
	level      string
	readings   []*reading
}

// reading is one dosimeter, worn over one period at one position.
type reading struct {
	worker             *radiationWorker
	from, to           day
	read, report, sent day
	position, quantity string
	value              float64 // mSv
	below              bool
	mdl                float64
	status             string // 正常, 丢失, 未交回, …
	nominal            bool
	reportNo           string
	salt               uint64
}

// monitors reports whether the reading stands for the days of its period: a value, also one below the detection
// level, or a nominal dose, of the whole body.
func (x *reading) monitors() bool {
	return x.quantity == "Hp(10)" && (x.status == "正常" || x.nominal)
}

// radiationPositions returns how many radiation workers a medical unit has.
func radiationPositions(r dice, e *employer) int {
	switch n := r.Float64(); {
	case n < 0.03:
		return r.between(45, 75)
	case n < 0.08:
		return r.between(14, 26)
	case n < 0.25:
		return r.between(2, 5)
	case n < 0.72:
		return r.between(1, 3)
	default:
		return r.between(3, 9)
	}
}

// monitorAll makes the rolls and readings of every radiation unit: all of radiology, and a few factories that
// take pictures of their welds.
func (c *city) monitorAll() {
	industrial := 0
	for _, e := range c.employers {
		switch {
		case e.group.radiology && !e.agency:
			c.monitor(e, "医疗", e.positions)
		case industrial < 6 && e.group.name == "metal" && e.employees > 80 && e.key && !e.discovered && e.close == 0 && e.start < c.from:
			industrial++
			kind := "工业"
			if industrial == 6 {
				kind = "其他"
			}
			c.monitor(e, kind, newDice(c.seed, "industrial radiation", e.id).between(3, 6))
		}
	}
}

func (c *city) monitor(e *employer, kind string, positions int) {
	r := newDice(c.seed, "radiation", e.id)
	dental := kind == "医疗" && positions <= 3 && r.chance(0.55)
	months := []int{3, 2, 1}[r.weighted([]float64{0.85, 0.10, 0.05})]
	lab := c.dosimetry[r.weighted([]float64{0.52, 0.27, 0.13, 0.08})]
	level := ""
	if kind == "医疗" {
		level = []string{"未定级", "一级", "二级"}[boolInt(positions > 3)+boolInt(positions > 12)]
	}
	no := 0
	for range positions {
		class := classOf(r, kind, dental, positions)
		start := max(c.from-day(clamp(r.gamma(7, 5), 0.1, 14)*365), e.start)
		for {
			no++
			w := &radiationWorker{unit: e, no: fmt.Sprintf("%04d", no), class: class, start: start, lab: lab, months: months, unitKind: kind, level: level}
			w.person = c.personAged(r, start, clamp(r.normal(29, 6), 20, 44), 0.58)
			leave := max(start, c.from) + 120 + day(r.exponential(365/0.07))
			last := leave > c.until-quietDays-100
			if e.close != 0 && leave >= e.close {
				leave, last = e.close, true
			} else if last {
				leave = 0
			}
			w.end = leave
			c.wear(w, dental, r)
			if len(w.readings) > 0 {
				e.radiation = append(e.radiation, w)
			}
			if last {
				break
			}
			start = leave + 1
		}
	}
}

func classOf(r dice, kind string, dental bool, positions int) string {
	switch {
	case kind != "医疗":
		return "3B"
	case dental:
		return "2B"
	case positions > 12:
		return []string{"2A", "2E", "2D", "2C", "2F"}[r.weighted([]float64{.74, .14, .05, .04, .03})]
	}
	return []string{"2A", "2F"}[r.weighted([]float64{.94, .06})]
}

// wear draws the readings of one worker. The last period of somebody who left is always on paper, with the day of
// leaving.
func (c *city) wear(w *radiationWorker, dental bool, r dice) {
	medians := map[string]float64{"2A": .16, "2B": .12, "2C": .30, "2D": .16, "2E": .28, "2F": .16, "3B": .15}
	own := r.lognormal(medians[w.class], 2.2)
	mdl := pick(r, []float64{0.03, 0.04, 0.05, 0.06})
	two := w.class == "2E" && r.chance(0.6)
	tick := 0.8
	if dental {
		tick = 2.4
	}
	for y := max(c.from.year(), w.start.year()); y <= c.until.year(); y++ {
		kept := r.chance(clamp(c.paths.dose.at(y)+0.004*boolInt01(!dental)-0.07*boolInt01(dental), 0.3, 0.9995))
		annual := own * r.lognormal(1, 1.5)
		missed := -1
		if !kept {
			missed = r.IntN(12 / w.months)
		}
		for i := 0; i < 12/w.months; i++ {
			from := dayOf(y, time.Month(1+i*w.months), 1)
			to := from.addMonths(w.months) - 1
			if to < w.start || w.end != 0 && from > w.end || from < c.from {
				continue
			}
			from = max(from, w.start)
			last := false
			if w.end != 0 && to >= w.end {
				to, last = w.end, true
			}
			x := &reading{worker: w, from: from, to: to, position: "左胸", quantity: "Hp(10)", status: "正常", mdl: mdl}
			x.value = annual / float64(12/w.months) * r.gamma(1, 0.5)
			if r.chance(0.003) {
				x.value = r.lognormal(2.2, 1.7)
			}
			lag := r.days(8, 38)
			if w.months < 3 {
				lag = r.days(6, 12)
			}
			x.read = to + lag - 3
			x.report = to + lag
			x.sent = x.report + r.days(0, 3)
			late := r.chance(0.04)
			if late && !last {
				x.sent += r.days(25, 80)
			}
			u := r.Float64() * 100
			switch {
			case u < tick:
				x.status = "丢失"
			case u < tick*2.5:
				x.status = "未交回"
			case u < tick*2.7:
				x.status = "损坏"
			}
			if x.status != "正常" {
				x.nominal = r.chance(clamp(c.paths.dose.at(y)+0.02, 0.6, 0.99))
				if x.nominal {
					x.value = annual / float64(12/w.months)
				}
			}
			if i == missed {
				if !last {
					continue
				}
				x.status, x.nominal = "未佩戴", false
			}
			c.addReading(w, x)
			if two && x.status == "正常" {
				collar := *x
				collar.position = "铅围裙外领口"
				collar.value *= r.lognormal(3, 1.4)
				x.position = "铅围裙内"
				c.addReading(w, &collar)
			}
		}
	}
}

func (c *city) addReading(w *radiationWorker, x *reading) {
	if x.sent > c.until {
		return
	}
	x.value = math.Round(x.value*100) / 100
	x.below = x.value < x.mdl
	x.salt = mix(c.seed ^ uint64(w.unit.id)<<30 ^ uint64(x.from)<<12 ^ uint64(len(w.readings))<<6 ^ mix(uint64(w.no[2])<<8|uint64(w.no[3])))
	x.reportNo = fmt.Sprintf("GR-%s-%dQ%d-%04d", w.lab.code, x.to.year(), x.to.quarter(), w.unit.id%10000)
	w.readings = append(w.readings, x)
}

func boolInt01(b bool) float64 { return float64(boolInt(b)) }

// sortedReadings returns all readings of a unit in the order in which they were sent.
func (e *employer) sortedReadings() []*reading {
	var out []*reading
	for _, w := range e.radiation {
		out = append(out, w.readings...)
	}
	slices.SortStableFunc(out, func(a, b *reading) int { return int(a.sent - b.sent) })
	return out
}
