package main

import (
	"context"
	"fmt"
	"strconv"

	"ohwatch/reports/web"
	"ohwatch/transform"
)

// backtestPages answers the page of back-tests.
type backtestPages struct{ a *app }

var _ web.Backtests = backtestPages{}

// shownBacktests is how many of the newest back-tests the page offers.
const shownBacktests = 20

// Backtest reads one back-test, the newest when run is 0.
func (p backtestPages) Backtest(ctx context.Context, run uint64) (web.BacktestPage, error) {
	page := web.BacktestPage{Command: "ohwatch warn backtest --from 2024-W01 --to 2025-W52 --set R19.z=2.58"}
	all, err := transform.Backtests(ctx, p.a.db, shownBacktests)
	if err != nil {
		return page, err
	}
	for _, b := range all {
		page.Choices = append(page.Choices, web.Choice{Value: strconv.FormatUint(b.Run, 10), Name: fmt.Sprintf("%d · %s–%s", b.Run, b.From, b.To)})
	}
	if run == 0 && len(all) == 0 {
		return page, nil
	}
	b, err := p.find(ctx, run)
	if err != nil {
		return page, err
	}
	page.Run = b.Run
	page.Lead = []string{p.a.text("backtest.line", p.a.backtestArgs(b))}
	if b.History > 0 {
		page.Lead = append(page.Lead, p.a.text("backtest.history", p.a.backtestArgs(b)))
	}
	if len(b.LeftOut) > 0 {
		page.Lead = append(page.Lead, p.a.text("backtest.left_out", p.a.backtestArgs(b)))
	}
	for _, s := range b.Settings {
		page.Lead = append(page.Lead, p.a.backtestSentence(b, s))
	}
	for _, r := range b.Set {
		page.Set = append(page.Set, fmt.Sprintf("%s.%s: %s → %s", r.Rule, r.Parameter, r.Default, r.Value))
	}
	page.Broken = b.Broken
	for _, t := range p.a.backtestTables(b) {
		page.Tables = append(page.Tables, web.BacktestTable{Title: t.title, Note: t.note, Head: t.head, Rows: t.rows})
	}
	return page, nil
}

// BacktestDocument is what `ohwatch warn backtest show RUN --json` prints.
func (p backtestPages) BacktestDocument(ctx context.Context, run uint64) (any, error) {
	return p.find(ctx, run)
}

// find reads a back-test, the newest for run 0.
func (p backtestPages) find(ctx context.Context, run uint64) (transform.Backtest, error) {
	if run > 0 {
		return transform.FindBacktest(ctx, p.a.db, run)
	}
	newest, err := transform.Backtests(ctx, p.a.db, 1)
	if err == nil && len(newest) == 0 {
		err = transform.ErrNoBacktest.With("run", run)
	}
	if err != nil {
		return transform.Backtest{}, err
	}
	return newest[0], nil
}
