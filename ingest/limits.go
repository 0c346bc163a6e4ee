package ingest

import (
	"io/fs"
	"math"
	"strconv"
	"strings"
)

// limits are the occupational exposure limits that detection results are held against: those of models
// dim_limit and fct_detection_result, for the sender to hear at once where his own limit or judgement differs.
type limits struct {
	bands    map[limitKey][]limitBand
	factors  map[string]float64 // mg/m3 in a ppm of a hazard at 20 °C
	constant map[string]bool    // hazards whose limits long shifts do not lower
}

// limitKey names what a limit is for.
type limitKey struct{ hazard, kind string } // kind: TWA, STEL, MAC or LEX

// limitBand is a limit for one size fraction and band of free silica.
type limitBand struct {
	fraction, unit   string
	sio2From, sio2To float64 // percent
	isDefault        bool
	limit            float64
	span             // days on which it is in force
}

// forever are the days of a limit that limit_validity does not name.
func forever() span { return span{math.MinInt32, math.MaxInt32} }

// readLimits reads the limits from the reference lists oel, hazard_limit, limit_validity and hazard_judging.
func readLimits(reference fs.FS) (*limits, error) {
	type substance struct {
		fraction, unit string
		values         map[string]string // by kind
		span
	}
	dated := map[string][]substance{} // by name and size fraction, for limits that changed
	err := readTable(reference, "limit_validity.csv", func(r map[string]string) {
		key := r["limit_name_zh"] + "|" + r["fraction"]
		dated[key] = append(dated[key], substance{values: byKind(r), span: spanOf(r["valid_from"], r["valid_to"])})
	})
	if err != nil {
		return nil, err
	}
	substances := map[string][]substance{} // by name; one for each size fraction and time
	err = readTable(reference, "oel.csv", func(r map[string]string) {
		name := r["name_zh"]
		times := dated[name+"|"+r["fraction"]]
		if times == nil {
			times = []substance{{values: byKind(r), span: forever()}}
		}
		for _, s := range times {
			s.fraction, s.unit = r["fraction"], r["unit"]
			substances[name] = append(substances[name], s)
		}
	})
	if err != nil {
		return nil, err
	}
	l := &limits{bands: map[limitKey][]limitBand{}, factors: map[string]float64{}, constant: map[string]bool{}}
	add := func(hazard, kind string, b limitBand, text string) {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 {
			b.limit = f
			key := limitKey{hazard, kind}
			l.bands[key] = append(l.bands[key], b)
		}
	}
	err = readTable(reference, "hazard_limit.csv", func(r map[string]string) {
		b := limitBand{isDefault: r["is_default"] == "yes", sio2From: atof(r["sio2_above_pct"], 0), sio2To: atof(r["sio2_to_pct"], 100)}
		switch r["kind"] {
		case "air":
			for _, s := range substances[r["limit_name_zh"]] {
				b.fraction, b.unit, b.span = s.fraction, s.unit, s.span
				for _, kind := range []string{"TWA", "STEL", "MAC"} {
					add(r["hazard_id"], kind, b, s.values[kind])
				}
			}
		case "noise":
			b.unit, b.span = "dB(A)", forever()
			add(r["hazard_id"], "LEX", b, "85")
		}
	})
	if err != nil {
		return nil, err
	}
	err = readTable(reference, "hazard_judging.csv", func(r map[string]string) {
		if mass := atof(r["molar_mass"], 0); mass > 0 {
			l.factors[r["hazard_id"]] = mass / 24.05
		}
		l.constant[r["hazard_id"]] = r["no_shift_adjustment"] != ""
	})
	return l, err
}

// byKind returns the limits of a row of a list by their kind.
func byKind(r map[string]string) map[string]string {
	return map[string]string{"TWA": r["pc_twa"], "STEL": r["pc_stel"], "MAC": r["mac"]}
}

func atof(s string, otherwise float64) float64 {
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return f
	}
	return otherwise
}

// silica is the hazard id of silica dust, as which dust with 10 % of free silica or more is judged.
const silica, asbestos = "HZ-1-001", "HZ-1-005"

// sample is what of a result decides which limit it is held against. Unknown numbers are 0.
type sample struct {
	hazard, fraction, limitType, unit string
	sio2                              float64 // percent
	day                               int32
	hoursDay, daysWeek, hoursWeek     float64
}

// held is how a result is judged: its value times factor plus addition, rounded to some decimals, against limit.
type held struct {
	own              float64 // our limit, before long shifts lower it; five times the TWA for a peak; 0: none
	limit            float64 // the same, lowered; 0: none
	kind             string  // of the limit: TWA, STEL, MAC, PE, LEX or as sent
	factor, addition float64 // from the unit of the result to that of the limit
	decimals         int
}

// hold finds the limit for a result, by the rules of model fct_detection_result.
func (l *limits) hold(s sample) held {
	h := held{kind: s.limitType, factor: 1}
	if f := l.factors[s.hazard]; s.unit == "ppm" && f > 0 {
		h.factor, s.unit = f, "mg/m3"
	}
	constant := l.constant[s.hazard]
	dust := strings.HasPrefix(s.hazard, "HZ-1-")
	if dust && s.hazard != asbestos && s.sio2 >= 10 {
		s.hazard = silica
	}
	if s.fraction == "" && dust {
		s.fraction = "total"
	}
	var band limitBand
	found := false
	take := func(limitKind, kind string) {
		if !found {
			if band, found = l.find(limitKey{s.hazard, limitKind}, s); found {
				h.kind = kind
			}
		}
	}
	switch {
	case s.unit == "dB(A)" || strings.HasPrefix(s.limitType, "LEX"):
		take("LEX", "LEX")
		if s.limitType == "LEX8h" && s.unit == "dB(A)" && s.daysWeek > 0 {
			h.addition = 10 * math.Log10(s.daysWeek/5)
		}
	case s.limitType == "STEL" || s.limitType == "PE":
		take("STEL", "STEL")
		take("MAC", "MAC")
		take("TWA", "PE")
	default:
		take(s.limitType, s.limitType)
	}
	if !found {
		return h
	}
	h.own, h.decimals = band.limit, decimalsOf(band.limit)+1
	if h.kind == "PE" {
		h.own *= 5
	}
	h.limit = h.own
	if h.kind == "TWA" && !constant {
		week := s.hoursWeek
		if week == 0 {
			week = s.hoursDay * s.daysWeek
		}
		shift := 1.0
		if s.hoursDay > 8 {
			shift = 8 / s.hoursDay * (24 - s.hoursDay) / 16
		}
		if week > 40 {
			shift = math.Min(shift, 40/week*(168-week)/128)
		}
		if shift < 1 {
			h.limit = roundEven(h.own*shift, h.decimals)
		}
	}
	return h
}

// find returns the band that holds for a sample: that of its free silica, else the usual one, else the first.
func (l *limits) find(key limitKey, s sample) (best limitBand, found bool) {
	const bySilica, usual, other = 3, 2, 1
	rank := 0
	for _, b := range l.bands[key] {
		if b.unit != s.unit || b.fraction != s.fraction && b.fraction != "" || s.day < b.first || s.day > b.last {
			continue
		}
		r := other
		switch {
		case b.sio2From > 0 && s.sio2 <= b.sio2To && (s.sio2 > b.sio2From || b.sio2From == 10 && s.sio2 == 10):
			r = bySilica
		case b.isDefault:
			r = usual
		}
		if r > rank || r == rank && b.limit < best.limit {
			best, rank = b, r
		}
	}
	return best, rank > 0
}

// sampleOf reads a sample from the first six fields of a check on limits: hazard, fraction, limit type, unit, free silica
// and sample date.
func sampleOf(v func(int) *value) sample {
	return sample{hazard: v(0).text, fraction: v(1).text, limitType: v(2).text, unit: v(3).text, sio2: v(4).num, day: v(5).day}
}

// limitDiffers finds a limit stated that is not the one in force. A limit in ppm is left alone: it was converted.
func (c *checker) limitDiffers(check *comparison, v func(int) *value) {
	stated := v(6)
	if !v(5).set || !stated.set {
		return
	}
	h := c.plan.lists.limits.hold(sampleOf(v))
	if h.own > 0 && h.factor == 1 && math.Abs(stated.num-h.own) > 1e-9*h.own {
		c.findCheck(check, 6, "limit", text(h.own))
	}
}

// judgementDiffers finds a judgement that is not what value and limit say. A result below quantification is within the
// limit unless its level lies above it, then nobody can say; values are rounded like the limit before they are compared
// (GBZ 331-2024 G.1.2).
func (c *checker) judgementDiffers(check *comparison, v func(int) *value) {
	judgement, val, qualifier, lod, adjusted, stated := v(6).text, v(7), v(8).text, v(9), v(10), v(11)
	if judgement != "pass" && judgement != "fail" || !v(5).set {
		return
	}
	s := sampleOf(v)
	s.hoursDay, s.daysWeek, s.hoursWeek = v(12).num, v(13).num, v(14).num
	h := c.plan.lists.limits.hold(s)
	limit := h.limit
	switch {
	case h.own > 0 && h.kind == "TWA" && limit == h.own && adjusted.set && adjusted.num > 0:
		limit = math.Min(limit, adjusted.num*h.factor)
	case h.own == 0:
		h.decimals = decimalsOf(stated.num*h.factor) + 1
		if limit = stated.num * h.factor; adjusted.set {
			limit = adjusted.num * h.factor
		}
	}
	if limit <= 0 {
		return
	}
	want := "pass"
	switch {
	case qualifier != "eq":
		if lod.set && lod.num*h.factor > limit {
			return
		}
	case !val.set:
		return
	case roundEven(val.num*h.factor+h.addition, h.decimals) > limit:
		want = "fail"
	}
	if judgement != want {
		c.findCheck(check, 6, "limit", text(limit), "result", text(val.num))
	}
}

// decimalsOf counts the decimals of a number.
func decimalsOf(x float64) int {
	_, decimals, _ := strings.Cut(text(x), ".")
	return len(decimals)
}

// roundEven rounds x, half to even, to some decimals.
func roundEven(x float64, decimals int) float64 {
	factor := math.Pow10(decimals)
	return math.RoundToEven(x*factor) / factor
}
