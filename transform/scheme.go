package transform

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"ohwatch/internal/message"
)

// Scheme is one file of sql/assessment: whom an assessment scores, by which indicators and with which weights.
type Scheme struct {
	ID               string       `yaml:"id"`
	Version          string       `yaml:"version"`
	Title            message.Text `yaml:"title"`
	Clause           string       `yaml:"clause"`
	LeastDenominator float64      `yaml:"least_denominator"` // below it an item is not scored
	LeastShare       float64      `yaml:"least_share"`       // of the weights that must have been scored for a total
	AppealDays       int          `yaml:"appeal_days"`
	Townships        SchemeUnit   `yaml:"townships"`
	Departments      []SchemeUnit `yaml:"departments"`

	Path string `yaml:"-"`
	Text string `yaml:"-"`
}

// SchemeUnit is a department, or all townships, with what it is scored by.
type SchemeUnit struct {
	Code  string       `yaml:"code"`
	Zh    string       `yaml:"zh"`
	En    string       `yaml:"en"`
	Items []SchemeItem `yaml:"items"`
}

// Rules of items.
const (
	RuleLevel = "level"
	RuleTrend = "trend"
)

// SchemeItem is one indicator with its weight.
type SchemeItem struct {
	Indicator string   `yaml:"indicator"`
	Variant   string   `yaml:"variant"` // empty in the file: the headline
	Weight    float64  `yaml:"weight"`
	Rule      string   `yaml:"rule"`    // RuleLevel or RuleTrend
	FullAt    *float64 `yaml:"full_at"` // nil: the target of the year
	ZeroAt    *float64 `yaml:"zero_at"`

	definition Indicator
	unit       Unit
}

// Name is the item in results: indicator and variant.
func (i SchemeItem) Name() string { return i.Indicator + ":" + i.Variant }

// SHA256 is the hash of the file.
func (s Scheme) SHA256() string {
	sum := sha256.Sum256([]byte(s.Text))
	return hex.EncodeToString(sum[:])
}

// LoadScheme reads the scheme of that id and completes it from the definitions. Errors: ErrNoScheme, or what is wrong in the
// file.
func LoadScheme(files fs.FS, id string) (Scheme, error) {
	var s Scheme
	name := path.Join("assessment", id+".yaml")
	text, err := fs.ReadFile(files, name)
	if errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(id, `/\`) {
		return s, ErrNoScheme.With("scheme", id)
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", name, err)
	}
	if err := yaml.UnmarshalWithOptions(text, &s, yaml.Strict()); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	s.Path, s.Text = name, string(text)
	indicators, err := LoadIndicators(files)
	if err != nil {
		return s, err
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...)))
	}
	if s.ID != id || s.Version == "" || s.Title.Zh == "" || s.Title.En == "" {
		fault("id must be the name of the file, version and title must be given")
	}
	if s.LeastDenominator < 1 || !(s.LeastShare > 0 && s.LeastShare <= 1) || s.AppealDays < 1 {
		fault("least_denominator and appeal_days must be 1 or more, least_share above 0 and at most 1")
	}
	s.Townships.Code = "townships"
	codes := map[string]bool{}
	for _, u := range append([]*SchemeUnit{&s.Townships}, pointers(s.Departments)...) {
		if u.Code == "" || codes[u.Code] || u != &s.Townships && (u.Zh == "" || u.En == "") {
			fault("a department must have a code of its own and names in both languages, got %q", u.Code)
		}
		codes[u.Code] = true
		seen := map[string]bool{}
		for k := range u.Items {
			item := &u.Items[k]
			if err := item.complete(indicators); err != nil {
				fault("%s: %v", u.Code, err)
			} else if seen[item.Name()] {
				fault("%s: %s stands twice", u.Code, item.Name())
			}
			seen[item.Name()] = true
		}
	}
	if len(s.Townships.Items)+len(s.Departments) == 0 {
		fault("nobody is assessed")
	}
	return s, errors.Join(faults...)
}

func pointers[T any](list []T) []*T {
	all := make([]*T, len(list))
	for i := range list {
		all[i] = &list[i]
	}
	return all
}

// complete takes what the file leaves out from the definition of the indicator and says what is wrong.
func (i *SchemeItem) complete(indicators []Indicator) error {
	at := slices.IndexFunc(indicators, func(d Indicator) bool { return d.ID == i.Indicator })
	if at < 0 {
		return fmt.Errorf("there is no indicator %q", i.Indicator)
	}
	i.definition = indicators[at]
	if i.Variant == "" {
		i.Variant = i.definition.Variants[0].Name
	}
	v := slices.IndexFunc(i.definition.Variants, func(v Variant) bool { return v.Name == i.Variant })
	if v < 0 {
		return fmt.Errorf("%s has no variant %q", i.Indicator, i.Variant)
	}
	i.unit = i.definition.Variants[v].Unit
	if i.Rule == "" {
		i.Rule = RuleLevel
	}
	switch {
	case !(i.Weight > 0) || math.IsInf(i.Weight, 0):
		return fmt.Errorf("%s: weight must be above 0", i.Name())
	case i.Rule == RuleTrend && (i.FullAt != nil || i.ZeroAt != nil):
		return fmt.Errorf("%s: a trend has no full_at and zero_at", i.Name())
	case i.Rule == RuleTrend && !i.definition.Falling:
		return fmt.Errorf("%s: a trend is an indicator whose direction is down", i.Name())
	case i.Rule == RuleTrend:
		return nil
	case i.Rule != RuleLevel:
		return fmt.Errorf("%s: rule must be level or trend, got %q", i.Name(), i.Rule)
	case i.unit != Share:
		return fmt.Errorf("%s: a level is held against a share, this is %s", i.Name(), i.unit)
	case i.ZeroAt == nil:
		return fmt.Errorf("%s: zero_at must be given", i.Name())
	case i.FullAt == nil && len(i.definition.Targets) == 0:
		return fmt.Errorf("%s has no target, full_at must be given", i.Name())
	case i.FullAt != nil && *i.FullAt == *i.ZeroAt:
		return fmt.Errorf("%s: full_at and zero_at must differ", i.Name())
	}
	return nil
}

// fullAt is where the full weight is reached in a year.
func (i SchemeItem) fullAt(year int) (float64, bool) {
	if i.FullAt != nil {
		return *i.FullAt, true
	}
	target, ok := i.definition.Target(year)
	return target, ok && target != *i.ZeroAt
}
