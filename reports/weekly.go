package reports

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// ErrNotAWeek is returned for a weekly report of a period that is no week.
var ErrNotAWeek = errors.New("a weekly report needs an ISO week")

// Options say which report to write, about whom, in which language and where to.
type Options struct {
	Period   period.Period // ISO week
	Today    time.Time     // day of evaluation, midnight UTC
	Out      string        // folder, made if it is missing
	CityCode string        // six digits
	Masthead
	Values   string           // SHA-256 of the frozen values that the report shows; empty: none are frozen
	Revision Revision         // of the report, as its values were frozen before
	Printer  *message.Printer // language and texts
	By       string           // user or job, for the record
}

// Result is a report that was written.
type Result struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // of the file, lower-case hex
	Bytes  int    `json:"bytes"`
	Period string `json:"period"`
	Lang   string `json:"lang"`
	Kind   string `json:"kind"`           // weekly, monthly, quarterly, annual, township
	Area   string `json:"area,omitempty"` // township of a letter
}

// Weekly writes the weekly bulletin as one HTML file and records it. The file appears whole or not at all;
// one of the same name is replaced.
func Weekly(ctx context.Context, db *warehouse.DB, opt Options) (Result, error) {
	if opt.Period.Kind != period.Week {
		return Result{}, fmt.Errorf("report %s: %w", opt.Period, ErrNotAWeek)
	}
	started := time.Now()
	b, err := Read(ctx, db, opt)
	if err != nil {
		return Result{}, err
	}
	data, err := Render(b, opt.Printer)
	if err != nil {
		return Result{}, err
	}
	return publish(ctx, db, FileName(opt.Period, opt.Printer.Lang()), data, Result{Kind: string(KindWeekly)}, opt, started)
}

// WriteSituation writes a situation report or a letter that has been read as one HTML file and records it.
func WriteSituation(ctx context.Context, db *warehouse.DB, s *Situation, opt Options) (Result, error) {
	started := time.Now()
	data, err := RenderSituation(s, opt.Printer)
	if err != nil {
		return Result{}, err
	}
	return publish(ctx, db, s.FileName(opt.Printer.Lang()), data, Result{Kind: string(s.Kind), Area: s.Area.Code}, opt, started)
}

// publish puts a file in place and records it.
func publish(ctx context.Context, db *warehouse.DB, name string, data []byte, result Result, opt Options, started time.Time) (Result, error) {
	digest := sha256.Sum256(data)
	result.Path, result.SHA256, result.Bytes = filepath.Join(opt.Out, name), hex.EncodeToString(digest[:]), len(data)
	result.Period, result.Lang = opt.Period.String(), string(opt.Printer.Lang())
	if err := write(result.Path, data); err != nil {
		return Result{}, fmt.Errorf("write report %s: %w", name, err)
	}
	if err := record(ctx, db, name, result, time.Since(started), opt.By); err != nil {
		return Result{}, fmt.Errorf("record report %s: %w", name, err)
	}
	return result, nil
}

// FileName is the name of a situation report or letter: quarterly-2026Q3.html, township-2026Q3-410184001.en.html. Without
// what is hidden it has public in it.
func (s *Situation) FileName(lang message.Lang) string {
	name := string(s.Kind) + "-" + s.Period.String()
	if s.Area.Code != "" {
		name += "-" + s.Area.Code
	}
	if s.Least > 0 {
		name += "-public"
	}
	if lang != message.Chinese {
		name += "." + string(lang)
	}
	return name + ".html"
}

// FileName is the name of a weekly bulletin: weekly-2026-W46.html, weekly-2026-W46.en.html.
func FileName(week period.Period, lang message.Lang) string {
	if lang == message.Chinese {
		return fmt.Sprintf("weekly-%s.html", week)
	}
	return fmt.Sprintf("weekly-%s.%s.html", week, lang)
}

// write puts a file in place by renaming it, so that a reader never meets half of it.
func write(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // fails once the file has its name, as it should
	if _, err = file.Write(data); err == nil {
		err = file.Chmod(0o644)
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

func record(ctx context.Context, db *warehouse.DB, name string, result Result, took time.Duration, by string) error {
	detail, err := json.Marshal(result)
	if err != nil {
		return err
	}
	var run uint64
	if err := db.Row(ctx, "reports_next_run", []any{&run}); err != nil {
		return err
	}
	return db.Exec(ctx, "reports_record", clickhouse.Named("run", run), clickhouse.Named("name", name),
		clickhouse.Named("at", db.Now().UTC().Format("2006-01-02 15:04:05.000")), clickhouse.Named("n_rows", uint64(result.Bytes)),
		clickhouse.Named("seconds", took.Seconds()), clickhouse.Named("detail", string(detail)), clickhouse.Named("by", by))
}

// Published is a report of the index.
type Published struct {
	Name string    `json:"name"` // of the file
	At   time.Time `json:"at"`   // when it was written
	Result
}

// List returns the reports that were written, each name as it was written last, newest first.
func List(ctx context.Context, db *warehouse.DB) ([]Published, error) {
	var rows []struct {
		Name   string    `ch:"name"`
		At     time.Time `ch:"written_at"`
		Detail string    `ch:"latest_detail"`
	}
	if err := db.Select(ctx, &rows, "reports_list"); err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	out := make([]Published, 0, len(rows))
	for _, row := range rows {
		p := Published{Name: row.Name, At: row.At.UTC()}
		if err := json.Unmarshal([]byte(row.Detail), &p.Result); err != nil {
			return nil, fmt.Errorf("list reports: record of %s: %w", row.Name, err)
		}
		out = append(out, p)
	}
	return out, nil
}
