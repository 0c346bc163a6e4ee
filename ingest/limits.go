package ingest

import (
	"io/fs"
	"math"
	"slices"
	"strconv"
	"strings"
)

// limits are the occupational exposure limits that detection results are held against: those of models
// dim_limit and fct_detection_result, for the sender to hear at once where his own limit or judgement differs.
type limits map[limitKey][]limitBand

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

// First days of the standards in force: GBZ 2.1-2019 on 2020-04-01, GBZ 2.2-2007 on 2007-11-01.
const (
	airLimitsFrom   = 18353
	noiseLimitsFrom = 13818
)

// readLimits reads the limits from the reference lists oel and hazard_limit.
func readLimits(reference fs.FS) (limits, error) {
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
			times = []substance{{values: byKind(r), span: span{airLimitsFrom, math.MaxInt32}}}
		}
		for _, s := range times {
			s.fraction, s.unit = r["fraction"], r["unit"]
			substances[name] = append(substances[name], s)
		}
	})
	if err != nil {
		return nil, err
	}
	l := limits{}
	add := func(hazard, kind string, b limitBand, text string) {
		if f, err := strconv.ParseFloat(text, 64); err == nil && f > 0 {
			b.limit = f
			key := limitKey{hazard, kind}
			l[key] = append(l[key], b)
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
			b.unit, b.span = "dB(A)", span{noiseLimitsFrom, math.MaxInt32}
			add(r["hazard_id"], "LEX", b, "85")
		}
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

// find returns the limit for a result on a day, 0 when there is none. The unit must be the limit's own.
func (l limits) find(hazard, fraction, limitType, unit string, sio2 float64, day int32) float64 {
	dust := strings.HasPrefix(hazard, "HZ-1-")
	if dust && hazard != asbestos && sio2 >= 10 {
		hazard = silica
	}
	kind := limitType
	switch {
	case unit == "dB(A)" || strings.HasPrefix(limitType, "LEX"):
		kind = "LEX"
	case limitType == "PE":
		kind = "TWA"
	}
	if fraction == "" && dust {
		fraction = "total"
	}
	bands := slices.DeleteFunc(slices.Clone(l[limitKey{hazard, kind}]), func(b limitBand) bool {
		return b.unit != unit || b.fraction != fraction && b.fraction != "" || day < b.first || day > b.last
	})
	if len(bands) == 0 {
		return 0
	}
	best := slices.IndexFunc(bands, func(b limitBand) bool { return b.sio2From > 0 && sio2 >= b.sio2From && sio2 <= b.sio2To })
	if best < 0 {
		best = max(0, slices.IndexFunc(bands, func(b limitBand) bool { return b.isDefault }))
	}
	if limitType == "PE" {
		return 5 * bands[best].limit
	}
	return bands[best].limit
}

// limitOf returns the limit in force for the row; the first six fields of a check on limits are hazard,
// fraction, limit type, unit, free silica and sample date.
func (c *checker) limitOf(v func(int) *value) float64 {
	if !v(5).set {
		return 0
	}
	return c.plan.lists.limits.find(v(0).text, v(1).text, v(2).text, v(3).text, v(4).num, v(5).day)
}

// limitDiffers finds a limit stated that is not the one in force.
func (c *checker) limitDiffers(check *comparison, v func(int) *value) {
	stated := v(6)
	if limit := c.limitOf(v); limit > 0 && stated.set && math.Abs(stated.num-limit) > 1e-9*limit {
		c.findCheck(check, 6, "limit", text(limit))
	}
}

// judgementDiffers finds a judgement that is not what value and limit say. A result below quantification is
// within the limit; values are rounded like the limit before they are compared (GBZ 331-2024 G.1.2).
func (c *checker) judgementDiffers(check *comparison, v func(int) *value) {
	judgement, val, qualifier, adjusted, stated := v(6).text, v(7), v(8).text, v(9), v(10)
	if judgement != "pass" && judgement != "fail" {
		return
	}
	limit := c.limitOf(v)
	switch {
	case limit > 0 && v(2).text == "TWA" && adjusted.set && adjusted.num > 0:
		limit = math.Min(limit, adjusted.num)
	case limit == 0 && adjusted.set:
		limit = adjusted.num
	case limit == 0:
		limit = stated.num
	}
	if limit <= 0 {
		return
	}
	want := "pass"
	if qualifier == "eq" {
		if !val.set {
			return
		}
		if roundLike(val.num, limit) > limit {
			want = "fail"
		}
	}
	if judgement != want {
		c.findCheck(check, 6, "limit", text(limit), "result", text(val.num))
	}
}

// roundLike rounds x, half to even, to one decimal more than the limit has.
func roundLike(x, limit float64) float64 {
	_, decimals, _ := strings.Cut(text(limit), ".")
	factor := math.Pow10(len(decimals) + 1)
	return math.RoundToEven(x*factor) / factor
}
