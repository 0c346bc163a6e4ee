package reports

import (
	"errors"
	"slices"
	"time"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
)

// Kind of a report.
type Kind string

// The kinds of report. The weekly bulletin is a Bulletin, the others are Situations.
const (
	KindWeekly    Kind = "weekly"
	KindMonthly   Kind = "monthly"
	KindQuarterly Kind = "quarterly"
	KindAnnual    Kind = "annual"
	KindTownship  Kind = "township" // letter to one township
)

// ErrWrongPeriod is returned for a report of a period that its kind does not have.
var ErrWrongPeriod = errors.New("the report has no such period")

// Takes reports whether reports of the kind speak of periods of that sort.
func (k Kind) Takes(p period.Kind) bool {
	switch k {
	case KindWeekly:
		return p == period.Week
	case KindMonthly:
		return p == period.Month
	case KindQuarterly:
		return p == period.Quarter
	case KindAnnual:
		return p == period.Year
	case KindTownship:
		return p != period.Week
	}
	return false
}

// Situation is everything that a situation report or a township's letter says, without words and without layout.
type Situation struct {
	Kind   Kind
	Period period.Period
	Today  time.Time // day of evaluation, midnight UTC
	Masthead
	Area Area // of a letter; empty: the city

	New, Suspected Comparison // reported cases of the period, the period before and a year earlier
	HasCases       bool       // the warehouse holds cases at all

	Warnings []Warning       // new in the period or open at its end, most urgent first
	Rules    map[string]Rule // of the warnings, by the rule's id

	Readings     []Reading // the nine with a target, of the period
	Surveillance []Reading // the other headline readings
	CasesByYear  []Point   // new cases by year, from 2018
	CasesByStep  []Point   // new cases by quarter or month, as the report's own period
	ShortDust    []Share   // share of short dust exposure among new cases, by year, one per definition
	Rankings     []Ranking
	Places       []Standpoint // all townships, by code

	Supplement
	Snapshot Snapshot
	Revision Revision
	Least    int // counts from 1 to below Least are hidden from these readers; 0: nothing is hidden
}

// Area is a township.
type Area struct {
	Code string
	Name message.Text
}

// Standpoint is where a township stands in each of the nine readings, in the order of Situation.Readings.
type Standpoint struct {
	Area
	Readings []PlaceReading
}

// PlaceReading is a township's reading of one indicator.
type PlaceReading struct {
	Indicator string
	Value     Value
	Gap       *float64
	Status    string
	Rank, Of  int // place among the ranked townships; 0: not ranked
}

// Supplement is what other parts of the program compute and the report shows as it is.
type Supplement struct {
	Projections []Projection
	Gaps        []GapList
	Exposure    []ExposureLevel
	Dose        *DoseTable
	Funnel      []FunnelStep
	Waits       []Wait
}

// Projection is where a reading will stand at the end of the year.
type Projection struct {
	Indicator   string
	Title       message.Text
	Unit        string
	Projected   Value // the interval is that of the projection; N and D are not used
	Target      *float64
	Probability *float64 // that the target is met
	Status      string   // likely, open, unlikely, met, missed, too_short, no_base, no_data
}

// GapList names the employers that keep an indicator from its target, those first who close the gap fastest.
type GapList struct {
	Indicator string
	Title     message.Text
	Needed    int     // the fewest employers that lift the area over the target; 0: it is met or there is none
	Missing   float64 // units that the employers lack together
	Employers int
	Lines     []GapLine // the first of them
}

// GapLine is one employer of a GapList.
type GapLine struct {
	Employer string
	Area     message.Text
	Missing  float64
	Of       float64
	Since    string // 2025-03-01; empty: not known
	Reason   message.Text
}

// ExposureLevel counts similar exposure groups of one hazard by the verdict on their exposure.
type ExposureLevel struct {
	Hazard                                  message.Text
	Compliant, Undecided, TooFew, Exceeding int
	Over                                    int // groups with a result over the limit
}

// DoseTable is the distribution of annual doses.
type DoseTable struct {
	Year       int
	Bands      []string
	Counts     []int
	Monitored  int
	Collective float64  // person-mSv
	Mean, Max  *float64 // mSv
	Hidden     []bool   // by band; nil: nothing
}

// FunnelStep is how many cases have reached a step from suspicion to benefits.
type FunnelStep struct {
	Name           string
	Cases, Persons *float64 // nil: hidden
}

// Wait is how long cases take from one step to the next.
type Wait struct {
	Name                 string
	N, Reached, Open     *float64 // nil: hidden
	Median, Lower, Upper *float64 // days
	Hidden               bool
}

// Revision numbers the issues of a report: 1 is the first, each later one rests on other values than the one before.
type Revision struct {
	Number  int
	Of      string   // SHA-256 of the values of the issue before
	Total   int      // values that differ from it
	Changes []Change // those of the city, or of the letter's township
}

// Change is a value that differs from the issue before.
type Change struct {
	Indicator     string
	Title         message.Text
	Period        string
	Area          string
	Unit          string
	Before, After Value
	Causes        []string // keys of the catalogue
}

// reading returns the reading of an indicator, nil where there is none.
func (s *Situation) reading(indicator string) *Reading {
	for _, list := range [][]Reading{s.Readings, s.Surveillance} {
		if i := slices.IndexFunc(list, func(r Reading) bool { return r.Indicator == indicator }); i >= 0 {
			return &list[i]
		}
	}
	return nil
}

// end is the last day that the report speaks of.
func (s *Situation) end() time.Time {
	if s.Today.Before(s.Period.End) {
		return s.Today
	}
	return s.Period.End
}

// overdue reports whether a warning was open after its day at the end of the period.
func (s *Situation) overdue(x Warning) bool {
	return x.Open && !x.Due.IsZero() && x.Due.Before(s.end())
}
