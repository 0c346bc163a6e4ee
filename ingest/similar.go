package ingest

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"
)

// Candidate is a code that a name could stand for, with how near it is and why.
type Candidate struct {
	Code   string  `json:"code"`
	Name   string  `json:"name"`   // on the list
	Score  float64 `json:"score"`  // 0 to 1: shared × 0.55 + edit × 0.35 + use × 0.10
	Shared float64 `json:"shared"` // characters and pairs of characters in common, rare ones counting more (weighted Dice)
	Edit   float64 `json:"edit"`   // 1 less the edits from one name to the other over the longer length (Levenshtein)
	Use    float64 `json:"use"`    // how often the code stands in the warehouse, on a logarithmic scale, 1 for the commonest
	Used   uint64  `json:"used"`   // rows with the code
}

// thesaurus ranks the names of one kind by their likeness to another name. It is read-only after build and
// says nothing about meaning: a person decides.
type thesaurus struct {
	names  []entry
	grams  map[string][]int // characters and pairs → names that hold them
	weight map[string]float64
	most   float64 // log of the highest use
}

// entry is one name of a list: its compared form, the form to be shown, its code.
type entry struct {
	key, shown, code string
	used             uint64
}

// newThesaurus prepares names for ranking.
func newThesaurus(names []entry) *thesaurus {
	t := &thesaurus{names: names, grams: map[string][]int{}, weight: map[string]float64{}}
	for i, e := range names {
		for _, g := range gramsOf(e.key) {
			t.grams[g] = append(t.grams[g], i)
		}
		t.most = max(t.most, math.Log1p(float64(e.used)))
	}
	for g, in := range t.grams {
		t.weight[g] = math.Log(1 + float64(len(names))/float64(len(in)))
	}
	return t
}

// rank returns the n nearest codes, the nearest first; codes with nothing in common are left out.
func (t *thesaurus) rank(name string, n int) []Candidate {
	key := simple.Replace(nameKey(name))
	grams := gramsOf(key)
	own := t.total(grams)
	common := map[int]float64{}
	for _, g := range grams {
		for _, i := range t.grams[g] {
			common[i] += t.weight[g]
		}
	}
	best := map[string]Candidate{}
	for i, weight := range common {
		e := t.names[i]
		c := Candidate{Code: e.code, Name: e.shown, Used: e.used}
		c.Shared = 2 * weight / (own + t.total(gramsOf(e.key)))
		if c.Shared < 0.1 {
			continue
		}
		c.Edit = 1 - float64(distance(key, e.key))/float64(max(utf8.RuneCountInString(key), utf8.RuneCountInString(e.key), 1))
		if t.most > 0 {
			c.Use = math.Log1p(float64(e.used)) / t.most
		}
		c.Score = 0.55*c.Shared + 0.35*c.Edit + 0.10*c.Use
		for _, x := range []*float64{&c.Score, &c.Shared, &c.Edit, &c.Use} {
			*x = math.Round(*x*1000) / 1000
		}
		if old, ok := best[e.code]; !ok || c.Score > old.Score || c.Score == old.Score && c.Name < old.Name {
			best[e.code] = c
		}
	}
	ranked := make([]Candidate, 0, len(best))
	for _, c := range best {
		ranked = append(ranked, c)
	}
	slices.SortFunc(ranked, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Code, b.Code))
	})
	return ranked[:min(n, len(ranked))]
}

// total is the weight of grams; one that no name has weighs as much as the rarest.
func (t *thesaurus) total(grams []string) float64 {
	sum := 0.0
	for _, g := range grams {
		if w, ok := t.weight[g]; ok {
			sum += w
		} else {
			sum += math.Log(1 + float64(len(t.names)))
		}
	}
	return sum
}

// gramsOf are the different characters and pairs of characters of a name.
func gramsOf(name string) []string {
	var grams []string
	runes := []rune(name)
	for i := range runes {
		grams = append(grams, string(runes[i]))
		if i > 0 {
			grams = append(grams, string(runes[i-1:i+1]))
		}
	}
	slices.Sort(grams)
	return slices.Compact(grams)
}

// distance is the number of characters to be inserted, removed or replaced to turn a into b (Levenshtein 1966).
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	row := make([]int, len(t)+1)
	for j := range row {
		row[j] = j
	}
	for i := range s {
		left := row[0]
		row[0] = i + 1
		for j := range t {
			cost := left
			if s[i] != t[j] {
				cost = 1 + min(left, row[j], row[j+1])
			}
			left, row[j+1] = row[j+1], cost
		}
	}
	return row[len(t)]
}
