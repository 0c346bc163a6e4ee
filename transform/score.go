package transform

import (
	"math"
	"strconv"
	"strings"

	"ohwatch/transform/stats"
)

// States of an item or of a total.
const (
	StateScored     = "scored"
	StateFew        = "few"         // the denominator, or the share of weights scored, is too small
	StateNoData     = "no_data"     // there is no value
	StateNoEvidence = "no_evidence" // of a trend
	StateNoTarget   = "no_target"   // the year has no target and the scheme no full_at
)

// ScoreItem is what one unit got by one indicator.
type ScoreItem struct {
	Assessment  uint64   `ch:"assessment" json:"assessment"`
	UnitKind    string   `ch:"unit_kind" json:"unit_kind"` // township, department
	Unit        string   `ch:"unit" json:"unit"`
	NameZh      string   `ch:"name_zh" json:"name_zh"`
	NameEn      string   `ch:"name_en" json:"name_en"`
	Item        string   `ch:"item" json:"item"`
	Indicator   string   `ch:"indicator" json:"indicator"`
	Variant     string   `ch:"variant" json:"variant"`
	Area        string   `ch:"area" json:"area"` // whose value it is
	Rule        string   `ch:"rule" json:"rule"`
	Weight      float64  `ch:"weight" json:"weight"`
	FullAt      *float64 `ch:"full_at" json:"full_at"`
	ZeroAt      *float64 `ch:"zero_at" json:"zero_at"`
	Numerator   *float64 `ch:"numerator" json:"numerator"`
	Denominator *float64 `ch:"denominator" json:"denominator"`
	Value       *float64 `ch:"value" json:"value"`
	Counted     *float64 `ch:"counted" json:"counted"` // end of the 95 % interval that was held against full_at and zero_at
	State       string   `ch:"state" json:"state"`
	Points      *float64 `ch:"points" json:"points"`     // 0 to weight; nil: not scored
	OneMore     *float64 `ch:"one_more" json:"one_more"` // points if one more unit had been fulfilled
}

// Score is the total of one unit.
type Score struct {
	UnitKind string   `json:"unit_kind"`
	Unit     string   `json:"unit"`
	NameZh   string   `json:"name_zh"`
	NameEn   string   `json:"name_en"`
	Points   float64  `json:"points"`   // of the items scored
	Scored   float64  `json:"scored"`   // their weights
	Weight   float64  `json:"weight"`   // all weights
	Score    *float64 `json:"score"`    // 100 × points / scored, to two decimals; nil: too little could be scored
	OneMore  *float64 `json:"one_more"` // the score if in every item one more unit had been fulfilled
	Rank     int      `json:"rank"`     // among the townships; 0: not ranked
	State    string   `json:"state"`
}

// score scores one item. The end of the 95 % interval that speaks for the unit is held against full_at and zero_at, so that a
// point is lost only for a shortfall that numbers of this size can show; below the least denominator nothing is scored.
func (i SchemeItem) score(v *Value, year int, least float64) ScoreItem {
	s := ScoreItem{Item: i.Name(), Indicator: i.Indicator, Variant: i.Variant, Rule: i.Rule, Weight: i.Weight, ZeroAt: i.ZeroAt, State: StateNoData}
	if v == nil || v.Value == nil {
		return s
	}
	s.Numerator, s.Denominator, s.Value = &v.Numerator, v.Denominator, v.Value
	if i.Rule == RuleTrend {
		switch v.Status {
		case "falling":
			s.give(i.Weight, i.Weight)
		case "rising":
			s.give(0, 0)
		default:
			s.State = StateNoEvidence
		}
		return s
	}
	full, ok := i.fullAt(year)
	switch {
	case !ok:
		s.State = StateNoTarget
		return s
	case v.Denominator == nil || *v.Denominator < least:
		s.FullAt, s.State = &full, StateFew
		return s
	}
	s.FullAt = &full
	counted := i.counted(v.Numerator, *v.Denominator, full)
	more := v.Numerator + 1
	if full < *i.ZeroAt {
		more = v.Numerator - 1
	}
	s.Counted = &counted
	fraction := func(x float64) float64 { return math.Min(1, math.Max(0, (x-*i.ZeroAt)/(full-*i.ZeroAt))) }
	s.give(i.Weight*fraction(counted), i.Weight*fraction(i.counted(math.Min(*v.Denominator, math.Max(0, more)), *v.Denominator, full)))
	return s
}

// counted is the end of the interval of x of n that lies towards full.
func (i SchemeItem) counted(x, n, full float64) float64 {
	lower, upper := stats.Wilson(x, n, confidence)
	if full < *i.ZeroAt {
		return lower
	}
	return upper
}

// give scores the item, to six decimals so that sums don't depend on the machine.
func (s *ScoreItem) give(points, oneMore float64) {
	points, oneMore = math.Round(points*1e6)/1e6, math.Round(oneMore*1e6)/1e6
	s.State, s.Points, s.OneMore = StateScored, &points, &oneMore
}

// Totals adds up items, which stand unit by unit, and ranks the townships. One stands behind another only when its score would
// still be lower with one more unit fulfilled in each of its items: a difference that a single employer or worker an item can
// undo is no difference.
func Totals(items []ScoreItem, leastShare float64) []Score {
	var totals []Score
	more := map[int]float64{}
	for _, item := range items {
		n := len(totals)
		if n == 0 || totals[n-1].Unit != item.Unit || totals[n-1].UnitKind != item.UnitKind {
			totals = append(totals, Score{UnitKind: item.UnitKind, Unit: item.Unit, NameZh: item.NameZh, NameEn: item.NameEn, State: StateFew})
			n++
		}
		t := &totals[n-1]
		t.Weight += item.Weight
		if item.Points != nil {
			t.Points += *item.Points
			t.Scored += item.Weight
			more[n-1] += *item.OneMore
		}
	}
	for i := range totals {
		t := &totals[i]
		t.Points = math.Round(t.Points*1e6) / 1e6
		if t.Scored > 0 && t.Scored >= leastShare*t.Weight {
			score, oneMore := math.Round(1e4*t.Points/t.Scored)/100, math.Round(1e4*more[i]/t.Scored)/100
			t.Score, t.OneMore, t.State = &score, &oneMore, StateScored
		}
	}
	for i := range totals {
		t := &totals[i]
		if t.UnitKind != UnitTownship || t.Score == nil {
			continue
		}
		t.Rank = 1
		for _, other := range totals {
			if other.UnitKind == UnitTownship && other.Score != nil && *other.Score > *t.OneMore {
				t.Rank++
			}
		}
	}
	return totals
}

// canonical is one line of the bytes whose hash locks a result.
func (s ScoreItem) canonical() string {
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	return strings.Join([]string{
		s.UnitKind, s.Unit, s.Item, s.Area, s.Rule, number(&s.Weight), number(s.FullAt), number(s.ZeroAt), number(s.Numerator), number(s.Denominator),
		number(s.Value), number(s.Counted), s.State, number(s.Points), number(s.OneMore),
	}, "\t")
}
