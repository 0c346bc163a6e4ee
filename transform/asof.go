package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// EndOfDay is the last instant of a day in Shanghai.
func EndOfDay(date time.Time) time.Time {
	y, m, d := date.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, period.Shanghai()).Add(-time.Millisecond)
}

// AsOf calls use with a warehouse that knows what was known at the end of a day in Shanghai, and with options
// whose today is that day. It is a database of its own, with views of the loaded rows and tables for results,
// and is removed afterwards. Batches that were taken back later still count in it.
func AsOf(ctx context.Context, db *warehouse.DB, date time.Time, opt Options, use func(*warehouse.DB, Options) error) (err error) {
	tables, err := listTables(ctx, db)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s_asof_%s_%d_%d", db.Database(), date.Format("20060102"), os.Getpid(), time.Now().UnixNano())
	scratch, err := db.In(ctx, name)
	if err != nil {
		return fmt.Errorf("open a database as of %s: %w", date.Format(time.DateOnly), err)
	}
	defer func() {
		err = errors.Join(err, scratch.Drop(context.WithoutCancel(ctx)), scratch.Close())
	}()
	for _, table := range slices.Sorted(maps.Keys(tables)) {
		how := ""
		switch {
		case strings.HasSuffix(table, aside), strings.HasSuffix(table, "_local"):
		case hasPrefix(table, "raw_", "ref_"), table == "ops_batch", table == "ops_finding":
			how = "transform_link"
		case hasPrefix(table, "ind_", "wrn_", "det_"), table == "ops_run":
			how = "transform_like_other"
		}
		if how == "" {
			continue
		}
		if err := execTemplate(ctx, scratch, how, map[string]any{"Table": table, "Database": db.Database()}); err != nil {
			return fmt.Errorf("prepare a database as of %s: %w", date.Format(time.DateOnly), err)
		}
	}
	opt.Today, opt.AsOf, opt.Full, opt.Select = date, EndOfDay(date), false, nil
	return use(scratch, opt)
}
