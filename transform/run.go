// Package transform turns loaded rows into numbers and warnings: it keeps the models of sql/models up to date
// in the order in which they read each other, computes the indicators of sql/indicators from them, and evaluates
// the series of sql/series and the rules of sql/rules week by week.
//
// Definitions are text; this package holds what is the same for all of them. Tables are made aside and put in
// place at once, so that readers see the old rows until the new ones are complete.
package transform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// DefaultCity is the division code of the city whose townships are counted, Xinzheng.
const DefaultCity = "410184"

// Options say for which day and how a transform runs.
type Options struct {
	Today  time.Time        // the day on which rates of running periods are read, midnight UTC; zero: today in Shanghai
	AsOf   time.Time        // batches published later don't count; zero: all count
	City   string           // division code, six digits; empty: DefaultCity
	Full   bool             // rebuild what is up to date as well
	Select []string         // models, indicators or series; only these and what they read are looked at; empty: all
	By     string           // user or job, for the record
	Files  fs.FS            // definitions; nil: those of the warehouse
	Now    func() time.Time // clock for the record; nil: the warehouse's
	Log    *slog.Logger     // details; nil: nothing is logged
	Report func(Step)       // called after each step, from the goroutine that called Run; may be nil

	// Rules replaces defaults of rules' parameters: rule, parameter, value. A rule with another parameter is another
	// version of it.
	Rules map[string]map[string]string

	// Headlines replaces the headline readings of indicators: indicator, variant.
	Headlines map[string]string

	Dose DoseRules // what the standards on personal doses leave open

	// Budgets of warnings a month, by addressee; who is not named has DefaultBudget, employers and institutions none.
	Budgets map[string]Budget

	// Memory is what one statement may use on the engine, in bytes; 0: DefaultMemory.
	Memory uint64

	evenIfWrong bool // put results in place that checks have found something in
	asWhole     bool // make what is stale as a whole, and without asking what changed: cheaper where tables are small
}

// DefaultMemory is the memory in bytes that one statement of a transform may use on the engine.
const DefaultMemory = 2 << 30

// Step says what became of one model, of the indicators as a whole, or of one series.
type Step struct {
	Name    string // of the model; indicators; series/ and the id
	Built   bool   // false: was up to date
	Part    bool   // only the rows were made anew that what came in since could have changed
	Changed uint64 // rows that were not there before, or are no more
	Rows    uint64 // of a series: weeks of strata that were computed
	Seconds float64
}

// Result is what a transform did.
type Result struct {
	Run    uint64 // its number in ops_run
	Steps  []Step
	Checks []CheckResult
}

// Failed returns the checks that found something.
func (r Result) Failed() []CheckResult {
	return slices.DeleteFunc(slices.Clone(r.Checks), func(c CheckResult) bool { return c.Passed() })
}

// kinds of runs in ops_run.
const (
	kindTransform = "transform"
	kindModel     = "model"
	kindCheck     = "check"
	kindWarn      = "warn"
)

// aside is the ending of a table that is being made.
const aside = "__new"

func (o Options) withDefaults(db *warehouse.DB) Options {
	if o.Now == nil {
		o.Now = db.Now
	}
	if o.Today.IsZero() {
		o.Today = today(o.Now)
	}
	if o.City == "" {
		o.City = DefaultCity
	}
	if o.Files == nil {
		o.Files = db.Files()
	}
	if o.Memory == 0 {
		o.Memory = DefaultMemory
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Report == nil {
		o.Report = func(Step) {}
	}
	return o
}

// values are bound in models, indicators, rules and checks.
func (o Options) values() map[string]string {
	asOf := "2299-12-31 00:00:00.000"
	if !o.AsOf.IsZero() {
		asOf = instant(o.AsOf)
	}
	values := map[string]string{"today": o.Today.Format(time.DateOnly), "as_of": asOf, "city": o.City}
	maps.Copy(values, o.Dose.values())
	return values
}

// limited says in a context what memory a statement may use: grouping and sorting go to disk from half of it on.
func limited(ctx context.Context, memory uint64) context.Context {
	return clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_memory_usage": memory, "max_bytes_before_external_group_by": memory / 2, "max_bytes_before_external_sort": memory / 2,
	}))
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.000") }

// Run brings the models, the indicator values and the results of the series up to date, checks them and records what it
// did in ops_run. A series that is wrong is named in the error, the others are up to date nonetheless.
// Only one Run or Evaluate works on a database at a time, another one waits (ErrBusy after a while).
//
// Errors: an unknown name in Select (ErrUnknownModel), definitions that are wrong, failed checks
// (ErrCheckFailed; then the Result is complete, but what was in place before stays in place, and the run is recorded as
// failed with the first offenders).
func Run(ctx context.Context, db *warehouse.DB, opt Options) (Result, error) {
	opt = opt.withDefaults(db)
	unlock, err := lock(ctx, db)
	if err != nil {
		return Result{}, err
	}
	defer unlock()
	return run(ctx, db, opt)
}

func run(ctx context.Context, db *warehouse.DB, opt Options) (Result, error) {
	models, err := LoadModels(opt.Files)
	if err != nil {
		return Result{}, err
	}
	indicators, err := LoadIndicators(opt.Files)
	if err != nil {
		return Result{}, err
	}
	if indicators, err = Headlined(indicators, opt.Headlines); err != nil {
		return Result{}, err
	}
	series, broken, err := LoadSeries(opt.Files)
	if err != nil {
		return Result{}, err
	}
	narrowed, err := narrow(&opt, &indicators)
	if err != nil {
		return Result{}, err
	}
	wanted, err := selected(models, indicators, series, opt.Select)
	if err != nil {
		return Result{}, err
	}
	wanted.indicators = wanted.indicators || narrowed
	record, err := startRun(ctx, db, opt, kindTransform, "transform")
	if err != nil {
		return Result{}, err
	}
	result := Result{Run: record.run}
	err = func() error {
		signatures, err := bringUp(ctx, db, opt, models, indicators, wanted, record, &result)
		if err != nil {
			return err
		}
		if wanted.series {
			failed, err := buildSeries(ctx, db, opt, LastWeek(opt.Today), series, signatures, record, &result)
			broken = append(broken, failed...)
			if err != nil {
				return err
			}
		}
		return errors.Join(broken...)
	}()
	var rows uint64
	for _, s := range result.Steps {
		rows += s.Rows
	}
	return result, errors.Join(err, record.end(ctx, rows, "", err))
}

// bringUp makes what is stale of models and indicators beside what is in use, checks it, and puts it in place at once. It
// returns what stands for the contents of sources and models.
func bringUp(ctx context.Context, db *warehouse.DB, opt Options, models []Model, indicators []Indicator, wanted selection, record *runRecord, result *Result) (contents map[string]string, err error) {
	stage, err := openStage(ctx, db)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stage.close(ctx)) }()
	contents, before, err := buildModels(ctx, stage, opt, models, wanted, record, result)
	if err != nil {
		return nil, err
	}
	if wanted.models[exposureModel] {
		if err := buildExposure(ctx, stage, opt, contents, result); err != nil {
			return nil, err
		}
	}
	if wanted.indicators {
		if err := buildIndicators(ctx, stage, opt, indicators, contents, before, result); err != nil {
			return nil, err
		}
	}
	if len(opt.Select) == 0 {
		if result.Checks, err = runChecks(ctx, stage, opt, record); err != nil {
			return nil, err
		}
	}
	if failed := result.Failed(); len(failed) > 0 && !opt.evenIfWrong {
		names := make([]string, len(failed))
		for i, c := range failed {
			names[i] = c.Name
		}
		return nil, ErrCheckFailed.With("checks", strings.Join(names, ", "))
	}
	return contents, stage.publish(ctx, wanted.unpublished(models, opt.Select, stage.tables))
}

// selection is the part of the definitions that a run looks at.
type selection struct {
	models     map[string]bool
	indicators bool
	series     bool
}

// unpublished are the models in use that a run of a selection leaves as they are, though it has made them anew for itself:
// those that other models, outside the selection, keep up with part by part, and would lose track of. What is named
// in the selection is published, and so is all that a series needs, which is read from what is in use.
func (s selection) unpublished(models []Model, named []string, exists map[string]state) map[string]bool {
	names := map[string]bool{}
	if s.series {
		return names
	}
	for _, m := range models {
		if s.models[m.Name] || len(m.Keys) == 0 {
			continue
		}
		for _, input := range m.Models {
			if _, ok := exists[input]; ok && !slices.Contains(named, input) {
				names[input] = true
			}
		}
	}
	return names
}

func selected(models []Model, indicators []Indicator, series []Series, names []string) (selection, error) {
	s := selection{models: map[string]bool{}, indicators: len(names) == 0, series: len(names) == 0}
	inputs := make(map[string][]string, len(models))
	for _, m := range models {
		inputs[m.Name] = m.Models
		if len(names) == 0 {
			s.models[m.Name] = true
		}
	}
	var take func(name string)
	take = func(name string) {
		if !s.models[name] {
			s.models[name] = true
			for _, input := range inputs[name] {
				take(input)
			}
		}
	}
	for _, name := range names {
		if _, ok := inputs[name]; ok {
			take(name)
			continue
		}
		if at := slices.IndexFunc(series, func(s Series) bool { return s.ID == name }); at >= 0 {
			s.series = true
			for _, input := range series[at].Models {
				take(input)
			}
			continue
		}
		if !slices.ContainsFunc(indicators, func(i Indicator) bool { return i.ID == name }) {
			return selection{}, ErrUnknownModel.With("name", name)
		}
		s.indicators = true // they are written as a whole
		for _, m := range models {
			take(m.Name)
		}
	}
	return s, nil
}

// buildModels makes the tables of the wanted models that are stale, in a stage, some at a time, each after those that it reads,
// and returns what stands for the contents of sources and models, as they are and as they were for what is in use.
func buildModels(
	ctx context.Context, s *stage, opt Options, models []Model, wanted selection, record *runRecord, result *Result,
) (now, before map[string]string, err error) {
	values := opt.values()
	if now, err = sourceSignatures(ctx, s.live, values["as_of"]); err != nil {
		return nil, nil, err
	}
	if before, err = s.before(ctx, now); err != nil {
		return nil, nil, err
	}
	var sources []string
	for _, m := range models {
		sources = append(sources, m.Sources...)
	}
	place := make(map[string]int, len(models))
	inputs, steps := make([][]int, len(models)), make([]*Step, len(models))
	for k, m := range models {
		place[m.Name] = k
		for _, input := range m.Models {
			inputs[k] = append(inputs[k], place[input])
		}
	}
	one := func(ctx context.Context, k int) error {
		m := models[k]
		s.mu.Lock()
		old, exists := s.tables[m.Name]
		job := build{stage: s, model: m, signature: m.signature(now, values), values: values, memory: opt.Memory, full: opt.Full || opt.asWhole}
		now[m.Name] = old.contents
		s.mu.Unlock()
		if !wanted.models[m.Name] {
			return nil
		}
		if exists && old.built == job.signature && !opt.Full {
			steps[k] = &Step{Name: m.Name}
			return nil
		}
		if len(m.Keys) > 0 {
			job.before = m.signature(before, values)
		}
		step, err := job.run(ctx)
		if e := record.step(ctx, kindModel, m.Name, step.Rows, step.Seconds, job.signature, err); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
		steps[k] = &step
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.isMade(m.Name) {
			now[m.Name] = job.signature
		}
		if m.Name == batchModel && !opt.asWhole {
			return s.sourceChanges(ctx, sources)
		}
		return nil
	}
	finished := func(k int) {
		if steps[k] != nil {
			result.add(opt, *steps[k])
		}
	}
	return now, before, abreast(ctx, len(models), func(k int) []int { return inputs[k] }, one, finished)
}

func (r *Result) add(opt Options, s Step) {
	r.Steps = append(r.Steps, s)
	opt.Report(s)
}

func drop(ctx context.Context, db *warehouse.DB, table string) error {
	return execTemplate(ctx, db, "transform_drop", map[string]any{"Table": table})
}

func count(ctx context.Context, db *warehouse.DB, table string) (n uint64, err error) {
	text, err := templated(db, "transform_count", map[string]any{"Table": table})
	if err != nil {
		return 0, err
	}
	if err := db.Conn().QueryRow(ctx, text).Scan(&n); err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	return n, nil
}

// templated fills the query sql/queries/name.sql for this server.
func templated(db *warehouse.DB, name string, values map[string]any) (string, error) {
	text, err := ohsql.Query(name)
	if err != nil {
		return "", err
	}
	return db.Render(text, values)
}

func execTemplate(ctx context.Context, db *warehouse.DB, name string, values map[string]any, args ...any) error {
	text, err := templated(db, name, values)
	if err != nil {
		return err
	}
	if err := db.ExecSQL(ctx, text, args...); err != nil {
		return fmt.Errorf("run %s: %w", name, err)
	}
	return nil
}

// bind returns those of the values that the query names, as arguments of the driver.
func bind(body string, values map[string]string) []any {
	var args []any
	for _, name := range parameters(body) {
		if value, ok := values[name]; ok {
			args = append(args, clickhouse.Named(name, value))
		}
	}
	return args
}

// signatureMark stands before the state in the comment of a model's table.
const signatureMark = "#"

// listTables returns the tables of the database with the states of those that a transform made.
func listTables(ctx context.Context, db *warehouse.DB) (map[string]state, error) {
	var rows []struct {
		Name    string `ch:"name"`
		Comment string `ch:"comment"`
	}
	if err := db.Select(ctx, &rows, "transform_tables"); err != nil {
		return nil, err
	}
	tables := make(map[string]state, len(rows))
	for _, r := range rows {
		tables[r.Name] = parseState(r.Comment)
	}
	return tables, nil
}

func sourceSignatures(ctx context.Context, db *warehouse.DB, asOf string) (map[string]string, error) {
	signatures := map[string]string{}
	return signatures, readSignatures(ctx, db, signatures, "transform_sources", clickhouse.Named("as_of", asOf))
}

// readSignatures adds what a query says of names to signatures.
func readSignatures(ctx context.Context, db *warehouse.DB, signatures map[string]string, query string, args ...any) error {
	var rows []struct {
		Name      string `ch:"name"`
		Signature string `ch:"signature"`
	}
	if err := db.Select(ctx, &rows, query, args...); err != nil {
		return err
	}
	for _, r := range rows {
		signatures[r.Name] = r.Signature
	}
	return nil
}

// runRecord writes the events of one run to ops_run, several at a time.
type runRecord struct {
	db      *warehouse.DB
	opt     Options
	run     uint64
	kind    string
	name    string
	started time.Time

	mu      sync.Mutex
	waiting []runEvent
	written time.Time
}

// runEvent is one row of ops_run.
type runEvent struct {
	kind, name, state, detail, failure string

	at      time.Time
	rows    uint64
	seconds float64
}

// runColumns are the columns of ops_run in which a run writes its events.
var runColumns = []string{"run", "kind", "name", "at", "state", "attempt", "n_rows", "seconds", "detail", "error", "by"}

// runPause is how long the event of a step may wait for others before it is written.
const runPause = 2 * time.Second

func startRun(ctx context.Context, db *warehouse.DB, opt Options, kind, name string) (*runRecord, error) {
	r := &runRecord{db: db, opt: opt, kind: kind, name: name, started: time.Now()}
	if err := db.Row(ctx, "transform_next_run", []any{&r.run}); err != nil {
		return nil, err
	}
	r.waiting = []runEvent{{kind: kind, name: name, state: "started", at: opt.Now()}}
	return r, r.flush(ctx)
}

// step records one finished part of the run. A nil record keeps nothing: a back-test leaves none.
func (r *runRecord) step(ctx context.Context, kind, name string, rows uint64, seconds float64, detail string, failure error) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(kind, name, rows, seconds, detail, failure)
	if time.Since(r.written) < runPause {
		return nil
	}
	return r.flush(ctx)
}

// end records the end of the run, also when its context was cancelled.
func (r *runRecord) end(ctx context.Context, rows uint64, detail string, failure error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(r.kind, r.name, rows, time.Since(r.started).Seconds(), detail, failure)
	return r.flush(context.WithoutCancel(ctx))
}

func (r *runRecord) add(kind, name string, rows uint64, seconds float64, detail string, failure error) {
	e := runEvent{kind: kind, name: name, state: "done", detail: detail, at: r.opt.Now(), rows: rows, seconds: seconds}
	if failure != nil {
		e.state, e.failure = "failed", failure.Error()
	}
	r.waiting = append(r.waiting, e)
}

// flush writes the events that wait.
func (r *runRecord) flush(ctx context.Context) (err error) {
	a, err := r.db.Append(ctx, "ops_run", runColumns)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	for _, e := range r.waiting {
		for c, value := range []any{
			r.run, e.kind, e.name, e.at, e.state, uint8(1), e.rows, e.seconds, e.detail, e.failure, r.opt.By,
		} {
			if err := a.Column(c).AppendRow(value); err != nil {
				return fmt.Errorf("record the run, column %s: %w", runColumns[c], err)
			}
		}
	}
	r.waiting, r.written = nil, time.Now()
	return a.Send()
}
