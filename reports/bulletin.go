// Package reports turns the numbers of the warehouse into bulletins for people.
//
// The way from data to page has three steps. Read fills a Bulletin, plain data without words. A page puts
// the words of one language to it, each number formatted once, so that the sentence, the chart and the table
// show the same. Render writes the page as one self-contained HTML file. The same Bulletin and language
// always give the same bytes: nothing reads the clock.
package reports

import (
	"time"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
)

// Bulletin is everything that the weekly bulletin says, without words and without layout.
type Bulletin struct {
	Week  period.Period // ISO week reported on
	Today time.Time     // day of evaluation, midnight UTC

	Masthead

	Cases    Cases
	Warnings []Warning       // new and open ones, most urgent first
	Rules    map[string]Rule // of the warnings, by the rule's id
	Readings []Reading       // headline readings in the order of the page

	CasesByYear    []Point // new occupational disease cases, from 2018
	CasesByQuarter []Point // the last three years
	ShortExposure  []Share // share of short dust exposure among new cases, by year, one per definition
	Detectors      []Detector
	Rankings       []Ranking

	Quality  Quality
	Snapshot Snapshot
}

// Cases are the reported cases of the week and of the year up to its end, each with its comparisons.
// Cases are dated by the day of the report.
type Cases struct {
	New       Comparison // first diagnoses of an occupational disease
	Suspected Comparison // suspected cases
	NewYear   Comparison // first diagnoses from 1 January to the end of the week; Before is not used
}

// Comparison is a count of events beside the same count a period and a year earlier.
type Comparison struct {
	Now     int
	Before  int  // the week before
	YearAgo int  // the same week, or the same part, of the year before
	HasPast bool // the data reach back to the year before, so that its zero means zero
}

// Severity of a warning, most urgent first.
type Severity string

// The severities in order.
const (
	Red    Severity = "red"
	Orange Severity = "orange"
	Yellow Severity = "yellow"
	Blue   Severity = "blue"
)

// Severities lists them in order of urgency.
func Severities() []Severity { return []Severity{Red, Orange, Yellow, Blue} }

// Warning is one warning as it stood at the end of the week.
type Warning struct {
	ID         string
	Rule       string
	Severity   Severity
	New        bool   // opened or reopened in the week
	Open       bool   // neither resolved nor closed by the end of the week
	State      string // new, acknowledged, assigned, acting, verified, resolved, closed, dismissed
	Object     string
	ObjectKind string
	Area       message.Text // township, city or unassigned
	Addressee  []string     // codes
	Due        time.Time    // zero: none
	Since      string       // ISO week in which it was opened
	Score      float64
	Evidence   int // rows behind it
	Args       map[string]string
}

// Rule is what the bulletin says of a warning rule.
type Rule struct {
	Title    message.Text
	Proposed bool // some parameter is a proposal or rests on memory
}

// Reading is the headline reading of one indicator, with its history.
type Reading struct {
	Indicator string
	Version   string
	Variant   string
	Title     message.Text
	Meaning   message.Text
	Clause    string
	Unit      string // share, count, per_100000
	Direction string // up, down
	Value     Value
	AsOf      time.Time
	Target    *float64
	Gap       *float64 // units still missing
	Missing   float64
	Status    string  // met, below, unstable, no_data, falling, rising, no_evidence
	History   []Point // years from 2022, the reading itself last
	Steps     []Point // of a situation report: the periods just before it, the reading itself last
}

// Value is a number of cases or a share with what it stands on. A nil Value is no data, or hidden.
type Value struct {
	N      float64
	D      *float64 // nil for plain counts
	Value  *float64
	Lower  *float64 // 95 % interval
	Upper  *float64
	Hidden bool // a small count, or what would give one away; then all else is empty
}

// Point is a Value of a period.
type Point struct {
	Period      period.Period
	Value       Value
	Missing     float64
	Provisional bool // the period was still running when it was read
}

// Share is one definition of a share through the years.
type Share struct {
	Variant string
	Points  []Point
}

// Detector is a weekly series under statistical watch.
type Detector struct {
	Series string
	Title  message.Text // of the series
	code   string       // of the area
	Area   message.Text
	City   bool // the series of the whole city
	Weeks  []DetectorWeek
}

// DetectorWeek is a week of a Detector. Weeks that are missing in the data are missing in the series.
type DetectorWeek struct {
	Week        period.Period
	Observed    float64
	Expected    *float64 // of what is reported so far, as the threshold
	Threshold   *float64
	P           *float64
	Alarms      []string // methods that raised an alarm
	Provisional bool     // cases of this week may still arrive
	// How many cases it will be when all are reported, with the 95 % interval and the share that is reported; nil where
	// nothing more is expected.
	Nowcast, NowcastLow, NowcastHigh, Reported *float64
}

// Ranking orders the townships by one indicator, best first.
type Ranking struct {
	Indicator string
	Title     message.Text
	Target    *float64
	AsOf      time.Time
	Places    []Place
}

// Place is a line of a Ranking. Places with fewer than MinRanked units and the unassigned ones carry no rank.
type Place struct {
	Code       string
	Name       message.Text
	Unassigned bool
	Rank       int // from 1; 0: not ranked
	Value      Value
	Gap        *float64
}

// MinRanked is the smallest denominator that takes part in a ranking.
const MinRanked = 20

// Quality says how far the numbers can be trusted.
type Quality struct {
	InWeek    bool      // arrivals lie in the week; otherwise they are those of the last day of loading
	From, To  time.Time // days of the arrivals
	Arrivals  []Arrival
	Streams   []Stream
	Rejects   []Reject
	Late      []Warning // about late or silent senders, part of Bulletin.Warnings too
	Unmatched []Unmatched
	Open      int // rows with a hazard that matched nothing

	Standings []Standing      // of the senders over the last twelve months, those below the others first
	Missing   []Missing       // files that have not come though they were due
	Headings  []HeadingChange // known headings that are gone, of this month and the one before
	Drifts    []Drift         // distributions that have shifted, likewise
}

// Arrival is what one sender delivered of one stream.
type Arrival struct {
	Stream, Sender                                              string
	Files, Read, Loaded, Corrected, Voided, Unchanged, Rejected int
}

// Stream says how current a stream is.
type Stream struct {
	Name     string
	Rows     int       // current facts
	Latest   time.Time // newest event date; zero: none
	Received time.Time // day of the last batch in Shanghai; zero: none
}

// Reject counts rows sent back for one reason.
type Reject struct {
	Stream, Code string
	Rows         int
}

// Unmatched is a hazard word of the senders that matched nothing.
type Unmatched struct {
	Text string
	Rows int
}

// Snapshot names the data behind a bulletin.
type Snapshot struct {
	Batch   uint64    // highest published batch, 0: none
	Batches int       // published and not reverted
	At      time.Time // instant at which that batch was published
	Hash    string    // over the numbers and the bytes of all published batches
	Values  string    // SHA-256 of the frozen values; empty: none are frozen
}
