package schedule

import (
	"slices"
	"strings"
	"time"
)

// RunRecord is a run as its events tell it.
type RunRecord struct {
	Run      uint64
	Job      string
	Slot     time.Time // due time; zero for a run by hand
	Started  time.Time
	Last     time.Time // latest event; the end of a run that has ended
	State    State
	Attempts int
	Rows     uint64
	Seconds  float64
	Detail   string
	Error    string
	By       string
}

// Status is how a job stands.
type Status struct {
	Job         string
	Cron        string
	Enabled     bool
	CatchUp     Policy
	Next        time.Time // next due time; zero for a disabled job
	Latest      RunRecord // latest run that was not skipped; zero when there was none
	LastSuccess time.Time // zero when there was none
	Failures    int       // failed runs since the last success
}

// Note returns what a table says about the run: the first line of its error, or what it did. text returns the
// texts of the message catalogue.
func (r RunRecord) Note(text func(key string, args map[string]any) string) string {
	detail := r.Detail
	word, value, _ := strings.Cut(detail, " ")
	if slices.Contains([]string{detailBegins, detailGivenUp, detailNext, detailInterrupted}, word) {
		detail = text("jobs.detail_"+word, map[string]any{"value": value})
	}
	if r.Error == "" {
		return detail
	}
	line, _, _ := strings.Cut(r.Error, "\n")
	if r.State == Retry {
		line += " (" + detail + ")"
	}
	return line
}
