package web

import (
	"context"
	"net/http"
	"strconv"
)

// BacktestTable is one table about a back-test and how to read it.
type BacktestTable struct {
	Title, Note string
	Head        []string
	Rows        [][]string
}

// BacktestPage is one back-test, ready to be shown, and the newest ones to choose from.
type BacktestPage struct {
	Run     uint64 // 0: none is kept
	Choices []Choice
	Lead    []string // what was replayed, and what the last year would have raised
	Broken  []string // rules that did not work
	Set     []string // parameters compared
	Tables  []BacktestTable
	Command string // that makes one
}

// Backtests answers for the back-tests that are kept. Run 0 is the newest. An error with a Message is about what was asked for.
type Backtests interface {
	Backtest(ctx context.Context, run uint64) (BacktestPage, error)
	// BacktestDocument is the document that the command prints with --json.
	BacktestDocument(ctx context.Context, run uint64) (any, error)
}

// backtests is the page of a back-test: /backtests?run=3, without a run the newest.
func (s *Server) backtests(r *http.Request) (any, error) {
	return s.Backtests.Backtest(r.Context(), backtestRun(r))
}

// backtestAPI answers with the document of a back-test.
func (s *Server) backtestAPI(w http.ResponseWriter, r *http.Request) {
	document, err := s.Backtests.BacktestDocument(r.Context(), backtestRun(r))
	s.answer(w, r, document, err)
}

// backtestRun is the number asked for, 0 when there is none; what is no number is one that does not exist.
func backtestRun(r *http.Request) uint64 {
	text := r.URL.Query().Get("run")
	if text == "" {
		return 0
	}
	run, err := strconv.ParseUint(text, 10, 64)
	if err != nil || run == 0 {
		return 1<<64 - 1
	}
	return run
}
