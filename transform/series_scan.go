package transform

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"ohwatch/internal/period"
	"ohwatch/transform/stats"
	"ohwatch/warehouse"
)

// detectorScan in the header of a rule says that it scans the places of one series for clusters in space and time.
const detectorScan = "scan"

// scanLayer is a part of the cases that is scanned by itself: all of them, those of one industry, of one hazard.
type scanLayer struct {
	key, zh, en string
	places      map[string]*scanPlace
}

// scanPlace are the weekly cases of one place in a layer.
type scanPlace struct {
	key, zh, en string
	counts      []float64
	lines       map[int][]string
}

// scanCandidates are the clusters of a week. The first dimension of the series' strata are the places; each value of each other one is
// a layer of its own beside the layer of all cases. A zone is a place, two places that the parameter neighbours joins, or
// a place with all its neighbours: without neighbours, since the divisions have no coordinates, it is a place. A scan is one test
// of all its zones and durations up to max_weeks; the layers of a week are one family (Benjamini and Hochberg), and a layer whose cluster
// is mostly that of another is not told again. The expected of a place is its rate in the weeks before, which borrows from the other
// places (empirical Bayes).
func (r Rule) scanCandidates(ctx context.Context, db *warehouse.DB, week period.Period, opt Options) ([]candidate, error) {
	all, err := r.watched(opt.Files)
	if err != nil {
		return nil, err
	}
	var calls []scanCall
	for _, s := range all {
		data, err := s.readWeekly(ctx, db, week, opt, true)
		if err != nil {
			return nil, err
		}
		found, err := r.scan(s, data)
		if err != nil {
			return nil, fmt.Errorf("%s: line 1: series %s: %w", r.Path, s.ID, err)
		}
		calls = append(calls, found...)
	}
	return r.scanned(calls), nil
}

// scanCall is the best cluster of a layer, or one beside it.
type scanCall struct {
	stats.ZoneCluster
	series  Series
	layer   *scanLayer
	centre  *scanPlace
	names   [2][]string // of the places in the zone, Chinese and English
	lines   []string
	isFirst bool // of its layer: the test of the layer
	last    int  // number of the week
}

// layersOf splits the strata of a series into layers.
func layersOf(s Series, data *weekly) []*scanLayer {
	byKey := map[string]*scanLayer{}
	var layers []*scanLayer
	for _, z := range data.strata {
		keys, zh, en := strings.Split(z.key, "|"), strings.Split(z.nameZh, " · "), strings.Split(z.nameEn, " · ")
		if keys[0] == unassigned || len(keys) != len(s.Strata) || len(zh) != len(keys) || len(en) != len(keys) {
			continue
		}
		for d := range keys {
			key, nameZh, nameEn := "all", "", ""
			if d > 0 {
				key, nameZh, nameEn = s.Strata[d]+":"+keys[d], zh[d], en[d]
			}
			l := byKey[key]
			if l == nil {
				l = &scanLayer{key: key, zh: nameZh, en: nameEn, places: map[string]*scanPlace{}}
				byKey[key] = l
				layers = append(layers, l)
			}
			l.add(keys[0], zh[0], en[0], z)
		}
	}
	slices.SortFunc(layers, func(a, b *scanLayer) int { return cmp.Compare(a.key, b.key) })
	return layers
}

// unassigned is the place of employers whose township is not known.
const unassigned = "unassigned"

func (l *scanLayer) add(key, zh, en string, z stratum) {
	p := l.places[key]
	if p == nil {
		p = &scanPlace{key: key, zh: zh, en: en, counts: make([]float64, len(z.counts)), lines: map[int][]string{}}
		l.places[key] = p
	}
	for t, n := range z.counts {
		p.counts[t] += n
	}
	for w, lines := range z.lines {
		p.lines[w] = append(p.lines[w], lines...)
	}
}

// scan looks at each layer that has enough cases in the newest weeks.
func (r Rule) scan(s Series, data *weekly) ([]scanCall, error) {
	weeks := min(int(r.number("max_weeks")), scanWeeks)
	baseline := min(data.n-weeks, int(r.number("baseline")))
	if weeks < 1 || baseline < minHistory {
		return nil, nil
	}
	var calls []scanCall
	for at, l := range layersOf(s, data) {
		places := make([]*scanPlace, 0, len(l.places))
		for _, p := range l.places {
			places = append(places, p)
		}
		slices.SortFunc(places, func(a, b *scanPlace) int { return cmp.Compare(a.key, b.key) })
		cases, expected := make([][]float64, weeks), make([][]float64, weeks)
		recent := 0.0
		before, exposure := make([]float64, len(places)), make([]float64, len(places))
		for i, p := range places {
			exposure[i] = float64(baseline)
			for t := data.n - weeks - baseline; t < data.n-weeks; t++ {
				before[i] += p.counts[t]
			}
		}
		prior := priorOf(before, exposure)
		if prior == (stats.GammaPrior{}) {
			prior = stats.GammaPrior{Shape: 0.5} // Jeffreys'
		}
		certainty := make([]float64, len(places))
		for i := range places {
			certainty[i] = prior.Shape + before[i]
		}
		for t := range weeks {
			cases[t], expected[t] = make([]float64, len(places)), make([]float64, len(places))
			share := 1.0
			if x, _ := data.share(data.n - weeks + t); !math.IsNaN(x) {
				share = x
			}
			for i, p := range places {
				cases[t][i] = p.counts[data.n-weeks+t]
				expected[t][i] = certainty[i] / (prior.Rate + exposure[i]) * share
				recent += cases[t][i]
			}
		}
		if recent < r.number("min_cases") {
			continue
		}
		zones := r.zones(places)
		clusters, err := stats.ZoneScan(cases, expected, certainty, zones, stats.ZoneScanOptions{
			MinCases: r.number("min_cases"), Simulations: int(r.number("simulations")), Seed: uint64(at),
		})
		if err != nil {
			return nil, err
		}
		for k, c := range clusters {
			calls = append(calls, newScanCall(s, l, places, zones[c.Zone], c, data.last(), k == 0))
		}
	}
	return calls, nil
}

func newScanCall(s Series, l *scanLayer, places []*scanPlace, zone []int, c stats.ZoneCluster, last int, isFirst bool) scanCall {
	call := scanCall{ZoneCluster: c, series: s, layer: l, last: last, isFirst: isFirst}
	most := -1.0
	for _, i := range zone {
		p := places[i]
		n := 0.0
		for t := len(p.counts) - c.Periods; t < len(p.counts); t++ {
			n += p.counts[t]
		}
		if n > most {
			most, call.centre = n, p
		}
		call.names[0], call.names[1] = append(call.names[0], p.zh), append(call.names[1], p.en)
		for w := last - c.Periods + 1; w <= last; w++ {
			call.lines = append(call.lines, p.lines[w]...)
		}
	}
	return call
}

// zones are the places, the pairs of neighbours, and each place with all of its neighbours.
func (r Rule) zones(places []*scanPlace) (zones [][]int) {
	at := make(map[string]int, len(places))
	for i, p := range places {
		at[p.key] = i
		zones = append(zones, []int{i})
	}
	around := make([][]int, len(places))
	for pair := range strings.SplitSeq(r.param("neighbours"), ";") {
		a, b, _ := strings.Cut(strings.TrimSpace(pair), "-")
		i, okA := at[a]
		k, okB := at[b]
		if okA && okB && i != k {
			zones = append(zones, []int{min(i, k), max(i, k)})
			around[i], around[k] = append(around[i], k), append(around[k], i)
		}
	}
	for i, near := range around {
		if len(near) > 1 {
			zone := append([]int{i}, near...)
			slices.Sort(zone)
			zones = append(zones, slices.Compact(zone))
		}
	}
	return zones
}

// scanned leaves of the clusters those that are called: each layer is one test, that of its first cluster.
func (r Rule) scanned(calls []scanCall) []candidate {
	var p []float64
	for _, c := range calls {
		if c.isFirst {
			p = append(p, c.P)
		}
	}
	rates := falseDiscovery(p)
	q, layer := 1.0, -1
	type rated struct {
		scanCall
		q float64
	}
	var kept []rated
	for _, c := range calls {
		if c.isFirst {
			layer++
			q = rates[layer]
		}
		if rate := math.Max(q, c.P); rate <= r.number("fdr") && c.P <= r.number("alpha") {
			kept = append(kept, rated{c, rate})
		}
	}
	slices.SortStableFunc(kept, func(a, b rated) int {
		return cmp.Or(cmp.Compare(a.P, b.P), cmp.Compare(b.LLR, a.LLR), cmp.Compare(a.layer.key, b.layer.key))
	})
	told := map[string]bool{}
	var found []candidate
	for _, c := range kept {
		n := 0
		for _, l := range c.lines {
			if told[l] {
				n++
			}
		}
		if 2*n > len(c.lines) {
			continue
		}
		for _, l := range c.lines {
			told[l] = true
		}
		found = append(found, candidate{
			ObjectKind: "township", Object: c.centre.key, ObjectName: strings.Join(c.names[0], "、"), Area: c.centre.key, Severity: string(r.Severity),
			Cause: c.layer.key, Score: c.Cases - c.Expected, Evidence: c.lines[:min(len(c.lines), maxEvidence)], NEvidence: uint64(len(c.lines)),
			Args: map[string]string{
				"n": plainNumber(c.Cases), "expected": strconv.FormatFloat(c.Expected, 'f', 2, 64), "week": weekName(c.last), "weeks": strconv.Itoa(c.Periods),
				"method": "space_time_scan", "p": probability(c.P), "q": probability(c.q), "tests": strconv.Itoa(len(p)), "fdr": r.param("fdr"),
				"what": cmp.Or(c.layer.zh, "全部病例"), "what_en": cmp.Or(c.layer.en, "all cases"), "object_en": strings.Join(c.names[1], ", "), "series": c.series.ID,
			},
		})
	}
	return found
}
