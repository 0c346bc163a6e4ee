package schedule

import "fmt"

// Policy says what happens to slots that passed unseen.
type Policy string

// The policies.
const (
	Once Policy = "once" // the latest missed slot is made up, earlier ones are given up
	Skip Policy = "skip" // missed slots are given up
	All  Policy = "all"  // missed slots are made up, oldest first, the latest allMost of them
)

// allMost is how many missed slots All makes up at most.
const allMost = 100

// ParsePolicy returns the policy named by s.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case Once, Skip, All:
		return p, nil
	}
	return "", fmt.Errorf("catch-up policy %q: want once, skip or all", s)
}
