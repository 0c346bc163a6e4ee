package transform

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	ohsql "ohwatch/sql"
	"ohwatch/warehouse"
)

// asOfMark stands in the names of databases as of a day, forgotten is the age at which nobody uses one any more.
const (
	asOfMark  = "_asof_"
	forgotten = 6 * time.Hour
)

// EndOfDay is the last instant of a day in Shanghai.
func EndOfDay(date time.Time) time.Time {
	y, m, d := date.Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, period.Shanghai()).Add(-time.Millisecond)
}

// linked are the logs that models read, beside the loaded rows and the code lists.
var linked = []string{"ops_alias", "ops_batch", "ops_finding", "ops_measure", "ops_reference", "ops_sender", "ops_zero"}

// AsOf calls use with a warehouse that knows what was known at the end of a day in Shanghai, and with options
// whose today is that day. It is a database of its own, with views of the loaded rows and tables for results,
// and is removed afterwards. Batches that were taken back later still count in it.
func AsOf(ctx context.Context, db *warehouse.DB, date time.Time, opt Options, use func(*warehouse.DB, Options) error) (err error) {
	opt.Today, opt.AsOf, opt.Full, opt.Select, opt.evenIfWrong = date, EndOfDay(date), false, nil, true
	return inScratch(ctx, db, date, func(scratch *warehouse.DB) error { return use(scratch, opt) })
}

// inScratch calls use with a database that shows the loaded rows and has empty tables for results, named after a day, and
// drops it afterwards.
func inScratch(ctx context.Context, db *warehouse.DB, date time.Time, use func(*warehouse.DB) error) (err error) {
	tables, err := listTables(ctx, db)
	if err != nil {
		return err
	}
	if err := dropForgotten(ctx, db); err != nil {
		return err
	}
	name := fmt.Sprintf("%s%s_%d_%d", db.Database()+asOfMark, date.Format("20060102"), os.Getpid(), time.Now().UnixNano())
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
		case hasPrefix(table, "raw_", "ref_"), slices.Contains(linked, table):
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
	return use(scratch)
}

// narrow restricts a run as of a day, whose tables nobody else reads, to the indicators that opt.Select names: to them, the
// models that they and the queries about their rows read, and no checks or series. It changes nothing when Select is empty or
// names anything else.
func narrow(opt *Options, indicators *[]Indicator) (bool, error) {
	if opt.AsOf.IsZero() || len(opt.Select) == 0 {
		return false, nil
	}
	var only []Indicator
	for _, id := range opt.Select {
		at := slices.IndexFunc(*indicators, func(i Indicator) bool { return i.ID == id })
		if at < 0 {
			return false, nil
		}
		only = append(only, (*indicators)[at])
	}
	var text strings.Builder
	for _, query := range []string{"transform_flow", "transform_grid", "explain_units", "explain_today", "snapshot_state"} {
		part, err := ohsql.Query(query)
		if err != nil {
			return false, err
		}
		text.WriteString(part)
	}
	for _, i := range only {
		text.WriteString("\n" + i.Body)
		file, err := explainFile(opt.Files, i.ID)
		if err != nil && !errors.Is(err, ErrNoRows) {
			return false, err
		}
		text.WriteString("\n" + file.Body)
	}
	models, err := LoadModels(opt.Files)
	if err != nil {
		return false, err
	}
	words := identifiers(text.String())
	opt.Select = nil
	for _, m := range models {
		if _, read := slices.BinarySearch(words, m.Name); read {
			opt.Select = append(opt.Select, m.Name)
		}
	}
	*indicators = only
	return true, nil
}

// dropForgotten removes databases as of a day that were left by processes that were killed.
func dropForgotten(ctx context.Context, db *warehouse.DB) error {
	var names []struct {
		Name string `ch:"name"`
	}
	if err := db.Select(ctx, &names, "transform_databases", clickhouse.Named("prefix", db.Database()+asOfMark)); err != nil {
		return err
	}
	for _, n := range names {
		name := strings.TrimSuffix(n.Name, stageEnding)
		made, err := strconv.ParseInt(name[strings.LastIndex(name, "_")+1:], 10, 64)
		if err != nil || time.Since(time.Unix(0, made)) < forgotten {
			continue
		}
		old, err := db.In(ctx, n.Name)
		if err != nil {
			return fmt.Errorf("open the forgotten database %s: %w", n.Name, err)
		}
		if err := errors.Join(old.Drop(ctx), old.Close()); err != nil {
			return err
		}
	}
	return nil
}
