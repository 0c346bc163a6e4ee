package schedule

import (
	"fmt"
	"time"
)

// Policy says what happens to slots that passed unseen.
type Policy string

// The policies.
const (
	Once Policy = "once" // the latest missed slot is made up, earlier ones are skipped
	Skip Policy = "skip" // missed slots are skipped
	All  Policy = "all"  // every missed slot is made up, oldest first, up to allMost of them
)

// allMost is how many missed slots All makes up at most: the latest ones.
const allMost = 100

// ParsePolicy returns the policy named by s.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case Once, Skip, All:
		return p, nil
	}
	return "", fmt.Errorf("catch-up policy %q: want once, skip or all", s)
}

// missed returns the due times after last and not after now: those that the policy makes up, oldest first,
// and of the others how many there are and the latest one.
func (p Policy) missed(e Expression, last, now time.Time) (run []time.Time, skipped int, latest time.Time) {
	most := map[Policy]int{Once: 1, All: allMost}[p]
	for due := e.Next(last); !due.IsZero() && !due.After(now); due = e.Next(due) {
		run = append(run, due)
		if len(run) > most {
			skipped++
			latest = run[0]
			run = run[1:]
		}
	}
	return run, skipped, latest
}
