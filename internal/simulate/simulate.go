// Package simulate makes a believable city: employers, posts, workers, examinations, measurements, doses, papers and
// cases over several years, the files that its senders would write about them, as messy as real ones, and the truth
// behind these files.
//
// First the city is lived (city.go, worker.go, exam.go, detection.go, radiation.go, papers.go, cases.go, events.go,
// patients.go, supervision.go, registers.go),
// then what happened is put on paper with the senders' slips (delivery.go, stream.go, desk.go, file.go), and on its own the
// truth is counted on the people and workplaces (truth.go), never on the files.
package simulate

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"time"

	"ohwatch/sql"
)

// Options say which city to simulate and where to write it.
type Options struct {
	Out              string    // folder for the files, made when missing
	Truth            string    // file for the truth, "" for none
	FromYear, ToYear int       // years of the papers, both included
	Until            time.Time // last day of the papers; zero: 15 November of 2026, else 31 December of ToYear
	Seed             uint64
	Scale            float64 // 1 is the whole city of about 1,500 employers
	Plans            []Plan  // planted beside what every city has; none leaves the city as it is
}

// Summary says what was written.
type Summary struct {
	Files     int            `json:"files"`
	Rows      int            `json:"rows"`
	Bytes     int64          `json:"bytes"`
	ByStream  map[string]int `json:"by_stream"` // rows
	Employers int            `json:"employers"`
	Persons   int            `json:"persons"`
	Exposed   int            `json:"exposed"` // persons on exposed posts at the end
	// institutions that appear in the files, of every kind: exam, detection, dose, hospital
	Institutions       int            `json:"institutions"`
	InstitutionsByKind map[string]int `json:"institutions_by_kind"`
	Until              string         `json:"until"`
}

// OptionError is an option that makes no sense, with its sentence in the message catalogue.
type OptionError struct {
	key  string
	args map[string]any
}

// Error returns the key of the sentence with its arguments, for logs.
func (e *OptionError) Error() string { return fmt.Sprintf("%s %v", e.key, e.args) }

// Message returns the key of the sentence and its arguments.
func (e *OptionError) Message() (key string, args map[string]any) { return e.key, e.args }

// BadYears says that a range of years makes no sense.
func BadYears(years string) error {
	return &OptionError{"simulate.bad_years", map[string]any{"years": years}}
}

// BadUntil says that a last day makes no sense in the last year.
func BadUntil(until string, year int) error {
	return &OptionError{"simulate.bad_until", map[string]any{"until": until, "year": year}}
}

// withDefaults returns the options with their defaults filled in.
func (o Options) withDefaults() (Options, error) {
	if o.FromYear == 0 {
		o.FromYear = 2018
	}
	if o.ToYear == 0 {
		o.ToYear = 2026
	}
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Until.IsZero() {
		o.Until = time.Date(o.ToYear, 12, 31, 0, 0, 0, 0, time.UTC)
		if o.ToYear == 2026 {
			o.Until = time.Date(2026, 11, 15, 0, 0, 0, 0, time.UTC)
		}
	}
	switch {
	case o.Out == "":
		return o, &OptionError{"simulate.no_out", nil}
	case o.ToYear < o.FromYear || o.FromYear < 2000 || o.ToYear > 2090:
		return o, BadYears(fmt.Sprintf("%d-%d", o.FromYear, o.ToYear))
	case o.Scale < 0 || o.Scale > 20:
		return o, &OptionError{"simulate.bad_scale", map[string]any{"scale": o.Scale}}
	case o.Until.Year() != o.ToYear:
		return o, BadUntil(o.Until.Format(time.DateOnly), o.ToYear)
	}
	return o, nil
}

// Run simulates a city and writes its files and its truth. The same options give the same bytes.
func Run(ctx context.Context, opt Options) (Summary, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return Summary{}, err
	}
	c, err := live(ctx, sql.Reference(), opt)
	if err != nil {
		return Summary{}, err
	}
	out := &writer{city: c, dir: opt.Out}
	if err := out.writeAll(ctx); err != nil {
		return Summary{}, err
	}
	if opt.Truth != "" {
		f, err := os.Create(opt.Truth)
		if err != nil {
			return Summary{}, fmt.Errorf("write the truth: %w", err)
		}
		defer f.Close()
		if err := writeTruth(f, c, out.files); err != nil {
			return Summary{}, fmt.Errorf("write the truth %s: %w", opt.Truth, err)
		}
		if err := f.Close(); err != nil {
			return Summary{}, fmt.Errorf("write the truth %s: %w", opt.Truth, err)
		}
	}
	return out.summary(), nil
}

// live lets the city live from its first to its last day.
func live(ctx context.Context, ref fs.FS, opt Options) (*city, error) {
	code, err := readReference(ref)
	if err != nil {
		return nil, err
	}
	c, err := newCity(code, opt)
	if err != nil {
		return nil, err
	}
	c.plans = opt.Plans
	for _, step := range []func(){
		c.castStories, c.hireAll, c.examineAll, c.testAll, c.monitorAll, c.fileAll, c.reportAll, c.plantEvents,
		c.followAll, c.superviseAll, c.summarise, c.registerRadiation,
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		step()
	}
	return c, nil
}
