package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// How a back-test takes the day on which a batch became known.
const (
	KnownAuto      = "auto"      // as published; of history that was loaded at once, as dated
	KnownArrival   = "arrival"   // as published
	KnownDocuments = "documents" // as dated: at the end of the last day that its rows bear
)

// BacktestRequest says which weeks are replayed, and with what.
type BacktestRequest struct {
	From, To period.Period                // ISO weeks, both included
	Set      map[string]map[string]string // rule, parameter, value: a second setting, beside the rules as configured
	Known    string                       // KnownAuto, KnownArrival or KnownDocuments; empty: KnownAuto
	Planted  []PlantedEvent               // what is to be found; nil: not known
	Progress func(week period.Period)     // called after each week; may be nil
}

// Replacement is a parameter that the second setting of a back-test has otherwise.
type Replacement struct {
	Rule      string `json:"rule"`
	Parameter string `json:"parameter"`
	Value     string `json:"value"`
	Default   string `json:"default"` // as configured
}

// ErrBacktestRule: --set names no rule. Args: rule, rules. ErrBacktestParameter: or no parameter of it. Args: rule, parameter,
// parameters. ErrBacktestValue: or a value that its parameter cannot have. Args: rule, parameter, value, default.
// ErrBacktestWeeks: the first week is behind the last one, or the last one has not ended. Args: from, to.
var (
	ErrBacktestRule      = &Error{Code: "backtest.no_rule", english: "there is no rule {rule}; there are {rules}"}
	ErrBacktestParameter = &Error{Code: "backtest.no_parameter", english: "rule {rule} has no parameter {parameter}; it has {parameters}"}
	ErrBacktestValue     = &Error{Code: "backtest.no_value", english: "{rule}.{parameter} = {value}: want a number, like {default}"}
	ErrBacktestWeeks     = &Error{Code: "backtest.weeks", english: "weeks {from} to {to}: the first is behind the last, or the last has not ended yet"}
)

// CheckBacktest returns what is wrong with a request before anything is read: ErrBacktestWeeks, ErrBacktestRule,
// ErrBacktestParameter or ErrBacktestValue.
func CheckBacktest(opt Options, request BacktestRequest) error {
	if request.From.Start.After(request.To.Start) || !request.To.End.Before(opt.Today) {
		return ErrBacktestWeeks.With("from", request.From.String()).With("to", request.To.String())
	}
	rules, _, err := LoadRules(opt.Files)
	if err != nil {
		return err
	}
	rules, _ = configured(rules, opt.Rules)
	_, _, err = replaced(rules, request.Set)
	return err
}

// replaced returns the rules that set changes, and what it changes, in the order of rules and parameters.
func replaced(rules []Rule, set map[string]map[string]string) (changed []Rule, replacements []Replacement, err error) {
	for _, id := range slices.Sorted(maps.Keys(set)) {
		at := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
		if at < 0 {
			names := make([]string, len(rules))
			for i, r := range rules {
				names[i] = r.ID
			}
			return nil, nil, ErrBacktestRule.With("rule", id).With("rules", strings.Join(names, ", "))
		}
		r := rules[at]
		for _, name := range slices.Sorted(maps.Keys(set[id])) {
			value, old := set[id][name], r.param(name)
			switch {
			case old == "":
				return nil, nil, ErrBacktestParameter.With("rule", id).With("parameter", name).With("parameters", r.paramNames())
			case isNumber(old) && !isNumber(value):
				return nil, nil, ErrBacktestValue.With("rule", id).With("parameter", name).With("value", value).With("default", old)
			}
			replacements = append(replacements, Replacement{Rule: id, Parameter: name, Value: value, Default: old})
		}
		if r, err = r.with(set[id]); err != nil {
			return nil, nil, err
		}
		changed = append(changed, r)
	}
	return changed, replacements, nil
}

// RunBacktest replays the weeks one after the other in a database of its own: the batches that were known at the end of a
// week, the models that the rules read made of them, and the rules asked about the week, as Evaluate does on the Monday behind it.
// Nothing of the warehouse changes. The week before the first one is replayed too; what its rules see stood at the
// beginning, and is not counted as raised.
//
// What the rules see lives as in Evaluate, with persons who act in time: a state ends by itself, an event is open until
// its due date, and comes back when it has more evidence than then. Warnings that only the search for late data raises, behind
// the rules' own sight, are not among them. Rules that read stored values of indicators are left out and named: what was stored
// then is not kept.
func RunBacktest(ctx context.Context, db *warehouse.DB, opt Options, request BacktestRequest) (Backtest, error) {
	opt = opt.withDefaults(db)
	if err := CheckBacktest(opt, request); err != nil {
		return Backtest{}, err
	}
	if request.Known == "" {
		request.Known = KnownAuto
	}
	rules, broken, err := LoadRules(opt.Files)
	if err != nil {
		return Backtest{}, err
	}
	rules, wrong := configured(rules, opt.Rules)
	changed, replacements, err := replaced(rules, request.Set)
	if err != nil {
		return Backtest{}, err
	}
	start := time.Now()
	var leftOut []string
	readsValues := func(r Rule) bool { return slices.Contains(identifiers(r.Body), valueTable) }
	for _, rule := range rules {
		if readsValues(rule) {
			leftOut = append(leftOut, rule.ID)
		}
	}
	rules, changed = slices.DeleteFunc(rules, readsValues), slices.DeleteFunc(changed, readsValues)
	r := replay{opt: opt, request: request, rules: slices.Concat(rules, changed), configured: len(rules), failed: map[int]error{}}
	for range r.rules {
		r.lives = append(r.lives, map[string]*life{})
	}
	b := Backtest{
		Schema: BacktestSchema, City: opt.City, From: request.From.String(), To: request.To.String(), Known: request.Known,
		Set: replacements, LeftOut: leftOut, By: opt.By, At: opt.Now().UTC().Format(time.RFC3339),
	}
	err = inScratch(ctx, db, request.From.Start, func(scratch *warehouse.DB) error {
		known, err := knowledge(ctx, scratch, db.Database(), request.Known)
		if err != nil {
			return err
		}
		b.History, r.opt.asWhole = known.history, known.rows <= wholeRows
		if err := r.weeks(ctx, scratch); err != nil {
			return err
		}
		if request.Planted != nil {
			return r.findLines(ctx, scratch)
		}
		return nil
	})
	if err != nil {
		return Backtest{}, fmt.Errorf("replay %s to %s: %w", request.From, request.To, err)
	}
	for _, err := range slices.Concat(broken, wrong, r.failures()) {
		b.Broken = append(b.Broken, err.Error())
	}
	if len(r.failed) == len(r.rules) {
		return Backtest{}, ErrNoRule.With("n", len(b.Broken))
	}
	r.report(&b)
	b.Seconds = time.Since(start).Seconds()
	return b, nil
}

// knownTable is the log of batches with the instants at which they can have been known.
const knownTable = "known_batch"

// wholeRows is the number of loaded rows up to which the models of a week are made as a whole: the statements of
// making them part by part take longer there than the rows.
const wholeRows = 2_000_000

// known says how many rows there are to be known, and how many batches are known by their dates.
type known struct{ history, rows uint64 }

// knowledge makes that log in a scratch database.
func knowledge(ctx context.Context, scratch *warehouse.DB, live, how string) (k known, err error) {
	if err := execTemplate(ctx, scratch, "backtest_batches", map[string]any{"Table": knownTable, "Database": live, "How": how}); err != nil {
		return k, err
	}
	return k, scratch.Row(ctx, "backtest_history", []any{&k.history, &k.rows})
}

// replay is a back-test while it runs.
type replay struct {
	opt        Options
	request    BacktestRequest
	rules      []Rule // as configured, behind them those of the second setting that differ
	configured int
	lives      []map[string]*life // of each rule its warnings by id
	failed     map[int]error      // rules that did not work, by position
	open       [][]int            // of each week and rule the warnings that were open at its end
	workload   []map[string][]int // of each rule and addressee the open warnings by week
	planted    []plantedLines
}

func (r *replay) failures() []error {
	var all []error
	for _, at := range slices.Sorted(maps.Keys(r.failed)) {
		all = append(all, r.failed[at])
	}
	return all
}

// weeks replays all weeks.
func (r *replay) weeks(ctx context.Context, scratch *warehouse.DB) error {
	models, err := LoadModels(r.opt.Files)
	if err != nil {
		return err
	}
	opt := r.opt
	if opt.Select, err = r.reads(models); err != nil {
		return err
	}
	wanted, err := selected(models, nil, nil, opt.Select)
	if err != nil {
		return err
	}
	opt.evenIfWrong, opt.Full = true, false
	opt.Report = func(s Step) {
		if s.Built {
			opt.Log.Debug("model built", "model", s.Name, "part", s.Part, "rows", s.Rows, "ms", int(1000*s.Seconds))
		}
	}
	daily := selection{models: dependent(models, wanted.models, "today")}
	var before map[string]string
	for week := r.request.From.Prev(1); !week.Start.After(r.request.To.Start); week = week.Next(1) {
		start := time.Now()
		opt.Today, opt.AsOf = week.End.AddDate(0, 0, 1), EndOfDay(week.End)
		if err := execTemplate(ctx, scratch, "backtest_known", map[string]any{"Table": knownTable, "At": instant(opt.AsOf)}); err != nil {
			return err
		}
		now, err := sourceSignatures(ctx, scratch, instant(opt.AsOf))
		if err != nil {
			return err
		}
		stale := wanted
		if maps.Equal(now, before) { // nothing came in
			stale = daily
		}
		if before = now; len(stale.models) > 0 {
			opt.Select = slices.Sorted(maps.Keys(stale.models)) // named, so that all of them are kept
			if _, err := bringUp(ctx, scratch, opt, models, nil, stale, nil, &Result{}); err != nil {
				return err
			}
		}
		built := time.Now()
		answers := askAll(ctx, r.rules, opt.Log, week, func(rule Rule) (a answer) {
			a.found, a.err = rule.candidates(ctx, scratch, week, opt)
			return a
		})
		if err := ctx.Err(); err != nil {
			return err
		}
		open := make([]int, len(r.rules))
		for i, a := range answers {
			if a.err != nil && r.failed[i] == nil {
				r.failed[i] = a.err
			}
			if r.failed[i] == nil {
				open[i] = r.live(i, len(r.open), week, a.found)
			}
		}
		r.open = append(r.open, open)
		opt.Log.Debug("week replayed", "week", week.String(), "models_ms", built.Sub(start).Milliseconds(), "rules_ms", time.Since(built).Milliseconds())
		if r.request.Progress != nil {
			r.request.Progress(week)
		}
	}
	return nil
}

// reads are the models that the rules and their series read.
func (r *replay) reads(models []Model) ([]string, error) {
	var text strings.Builder
	for _, rule := range r.rules {
		text.WriteString("\n" + rule.Body)
		series, err := rule.watched(r.opt.Files)
		if err != nil {
			continue // said when the rule is asked
		}
		for _, s := range series {
			text.WriteString("\n" + s.Body)
		}
	}
	words := identifiers(text.String())
	var names []string
	for _, m := range models {
		if _, read := slices.BinarySearch(words, m.Name); read {
			names = append(names, m.Name)
		}
	}
	if len(names) == 0 {
		return nil, errors.New("no rule reads any model")
	}
	return names, nil
}

// dependent are those of some models that bind a value, and those that read them. Models stand behind what they read.
func dependent(models []Model, among map[string]bool, value string) map[string]bool {
	found := map[string]bool{}
	for _, m := range models {
		if among[m.Name] && (slices.Contains(m.Parameters, value) || slices.ContainsFunc(m.Models, func(name string) bool { return found[name] })) {
			found[m.Name] = true
		}
	}
	return found
}
