// Package evaluate finds out by simulation how well detectors find events of several kinds and sizes, how often they
// cry wolf and how late they are: on series with the distributions of the simulated city (see Background), and on whole
// simulated cities with planted events. The defaults of stats.DetectorFor rest on its tables.
//
// All numbers follow from the seed: every series and every city has random numbers of its own, and only whole numbers
// are added up, so that the number of goroutines changes nothing.
package evaluate

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"ohwatch/internal/simulate"
)

// Options are the settings of Run; each zero value stands for the usual one.
type Options struct {
	Seed    uint64  // 0 means 1
	Series  int     // simulated series of each size class; 0 means 30
	Cities  int     // simulated cities; 0 means 4
	Scale   float64 // of the cities; 0 means 0.4, a city of about 600 employers
	Limit   float64 // false alarms a year that a series may have; 0 means 0.2
	Events  float64 // true events a year in a series, for the predictive value; 0 means 0.1
	Workers int     // goroutines; 0 means one a processor
}

func (o Options) withDefaults() (Options, error) {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Series == 0 {
		o.Series = 30
	}
	if o.Cities == 0 {
		o.Cities = 4
	}
	if o.Scale == 0 {
		o.Scale = 0.4
	}
	if o.Limit == 0 {
		o.Limit = 0.2
	}
	if o.Events == 0 {
		o.Events = 0.1
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	for _, limit := range []struct {
		flag               string
		value, least, most float64
	}{
		{"series", float64(o.Series), 1, 100000},
		{"cities", float64(o.Cities), 1, 1000},
		{"scale", o.Scale, 0.05, 2},
		{"limit", o.Limit, 0.001, 52},
		{"events", o.Events, 0.001, 52},
		{"workers", float64(o.Workers), 1, 1024},
	} {
		if !(limit.value >= limit.least && limit.value <= limit.most) {
			return o, &OptionError{limit.flag, limit.value, limit.least, limit.most}
		}
	}
	return o, nil
}

// Check refuses options that make no sense, by an OptionError.
func (o Options) Check() error {
	_, err := o.withDefaults()
	return err
}

// OptionError is an option outside of its bounds, with its sentence in the message catalogue.
type OptionError struct {
	Flag               string
	Value, Least, Most float64
}

// Error says so in English, for logs.
func (e *OptionError) Error() string {
	return fmt.Sprintf("%s: want %v to %v, got %v", e.Flag, e.Least, e.Most, e.Value)
}

// Message returns the key of the sentence and its arguments.
func (e *OptionError) Message() (key string, args map[string]any) {
	return "evaluate.bad_option", map[string]any{"flag": e.Flag, "value": e.Value, "least": e.Least, "most": e.Most}
}

// Report is what Run finds.
type Report struct {
	Seed   uint64  `json:"seed"`
	Series int     `json:"series"`
	Cities int     `json:"cities"`
	Scale  float64 `json:"scale"`
	Limit  float64 `json:"limit"`
	Events float64 `json:"events"`
	// Backgrounds are what was measured on the cities.
	Backgrounds []Background `json:"backgrounds"`
	Shapes      []Shape      `json:"shapes"`
	Rows        []Row        `json:"rows"`    // by background, class, method and level
	Choices     []Choice     `json:"choices"` // one a class
	City        []CityRow    `json:"city"`
}

// Run carries out the whole evaluation.
func Run(ctx context.Context, opt Options) (*Report, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	records := make([]simulate.Record, opt.Cities)
	if err := each(ctx, opt.Cities, opt.Workers, func(ctx context.Context, i int) error {
		var err error
		if records[i], err = simulate.Observe(ctx, cityOptions(opt, i)); err != nil {
			return fmt.Errorf("simulate city %d: %w", i+1, err)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	r := &Report{
		Seed: opt.Seed, Series: opt.Series, Cities: opt.Cities, Scale: opt.Scale, Limit: opt.Limit, Events: opt.Events,
		Backgrounds: backgroundsOf(records), Shapes: shapes(),
	}
	if r.Rows, err = study(ctx, r.Backgrounds, opt); err != nil {
		return nil, err
	}
	r.Choices = choices(r.Rows)
	if r.City, err = cities(ctx, records, opt); err != nil {
		return nil, err
	}
	return r, nil
}

// each calls do for 0 to n − 1 from several goroutines and returns the error of the lowest number that failed.
func each(ctx context.Context, n, workers int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs := make([]error, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(workers, n) {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if errs[i] = do(ctx, i); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}
