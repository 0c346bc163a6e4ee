package web

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"ohwatch/internal/message"
)

// backtests has one back-test, number 3.
type backtests struct{ none bool }

type noBacktest struct{ error }

func (noBacktest) Message() (string, map[string]any) {
	return "backtest.unknown", map[string]any{"run": 9}
}

func (b backtests) Backtest(_ context.Context, run uint64) (BacktestPage, error) {
	switch {
	case run != 0 && run != 3:
		return BacktestPage{}, noBacktest{errors.New("unknown")}
	case b.none:
		return BacktestPage{Command: "ohwatch warn backtest"}, nil
	}
	return BacktestPage{
		Run: 3, Choices: []Choice{{Value: "3", Name: "3 · 2024-W01–2025-W52"}, {Value: "2", Name: hostile}}, Lead: []string{"raised 17 " + hostile},
		Broken: []string{"rules/R1.sql: line 2"}, Set: []string{"R19.z: 1.96 → 2.58"}, Command: "ohwatch warn backtest",
		Tables: []BacktestTable{{Title: "By rule", Note: "how to read it", Head: []string{"rule"}, Rows: [][]string{{"R19 " + hostile}}}, {Title: "Empty", Head: []string{"x"}}},
	}, nil
}

func (b backtests) BacktestDocument(ctx context.Context, run uint64) (any, error) {
	page, err := b.Backtest(ctx, run)
	return map[string]uint64{"run": page.Run}, err
}

func TestBacktests(t *testing.T) {
	s := server(t, message.English)
	s.Backtests = backtests{}
	text := func(path string, status int) string {
		t.Helper()
		response := get(t, s, path)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode != status {
			t.Errorf("%s: status %d, want %d", path, response.StatusCode, status)
		}
		if strings.Contains(string(body), "<script>alert") {
			t.Errorf("%s: text is not escaped", path)
		}
		return string(body)
	}
	page := text("/backtests", http.StatusOK)
	for _, want := range []string{`value="3" selected`, "raised 17", "rules/R1.sql: line 2", "R19.z: 1.96 → 2.58", "<h2>By rule</h2>", "how to read it", "/backtests/json?run=3", `aria-current="page">Back-tests`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	if strings.Contains(page, "Empty") {
		t.Error("an empty table is shown")
	}
	text("/backtests?run=9", http.StatusNotFound)
	text("/backtests?run=-1", http.StatusNotFound)
	if got := text("/backtests/json?run=3", http.StatusOK); strings.TrimSpace(got) != `{"run":3}` {
		t.Errorf("JSON: %s", got)
	}
	if got := text("/backtests/json?run=9", http.StatusNotFound); !strings.Contains(got, "there is no back-test 9") {
		t.Errorf("JSON of none: %s", got)
	}
	s = server(t, message.Chinese)
	s.Backtests = backtests{none: true}
	if page := text("/backtests", http.StatusOK); !strings.Contains(page, "还没有保存的回放") {
		t.Error("the page does not say that there is none")
	}
}
