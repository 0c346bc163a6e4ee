package transform

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/warehouse"
)

// ErrNoBacktest: no back-test of that number is kept. Args: run.
var ErrNoBacktest = &Error{Code: "backtest.unknown", english: "there is no back-test {run}"}

// KeepBacktest keeps what a back-test found, and returns it with its number.
func KeepBacktest(ctx context.Context, db *warehouse.DB, b Backtest) (Backtest, error) {
	if err := db.Row(ctx, "backtest_next", []any{&b.Run}); err != nil {
		return b, fmt.Errorf("number the back-test: %w", err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(b); err != nil {
		return b, fmt.Errorf("write the back-test %d: %w", b.Run, err)
	}
	columns := []string{"run", "at", "from_week", "to_week", "document", "by"}
	a, err := db.Append(ctx, "wrn_backtest", columns)
	if err != nil {
		return b, err
	}
	defer a.Close()
	for i, value := range []any{b.Run, db.Now(), b.From, b.To, text.String(), b.By} {
		if err := a.Column(i).AppendRow(value); err != nil {
			return b, fmt.Errorf("write wrn_backtest, column %s: %w", columns[i], err)
		}
	}
	return b, a.Send()
}

// Backtests returns the newest back-tests that are kept, without their single warnings, the newest first.
func Backtests(ctx context.Context, db *warehouse.DB, most int) ([]Backtest, error) {
	return readBacktests(ctx, db, 0, most)
}

// FindBacktest returns the back-test of a number, or ErrNoBacktest.
func FindBacktest(ctx context.Context, db *warehouse.DB, run uint64) (Backtest, error) {
	if run == 0 {
		return Backtest{}, ErrNoBacktest.With("run", run)
	}
	found, err := readBacktests(ctx, db, run, 1)
	if err == nil && len(found) == 0 {
		err = ErrNoBacktest.With("run", run)
	}
	if err != nil {
		return Backtest{}, err
	}
	return found[0], nil
}

func readBacktests(ctx context.Context, db *warehouse.DB, run uint64, most int) ([]Backtest, error) {
	var rows []struct {
		Document string `ch:"document"`
	}
	if err := db.Select(ctx, &rows, "backtest_list", clickhouse.Named("run", run), clickhouse.Named("most", most)); err != nil {
		return nil, fmt.Errorf("read the back-tests: %w", err)
	}
	found := make([]Backtest, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Document), &found[i]); err != nil {
			return nil, fmt.Errorf("read a back-test: %w", err)
		}
	}
	return found, nil
}
