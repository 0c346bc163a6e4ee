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
	"slices"
	"strings"
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
	Formats  []Format         // empty: HTML
	Chromium *Chromium        // prints PDF and draws the pictures of DOCX; nil: there is none
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
	Format Format `json:"format"`
	// The values that it shows, as they are frozen, and the number of its version.
	Values  string `json:"values_sha256,omitempty"`
	Version int    `json:"version,omitempty"`
}

// Weekly writes the weekly bulletin in its forms and records them. A file appears whole or not at all; one of the same name is
// replaced.
//
// Errors: ErrNotAWeek; ErrNoChromium when PDF or pictures are missing, with what was written nevertheless.
func Weekly(ctx context.Context, db *warehouse.DB, opt Options) ([]Result, error) {
	if opt.Period.Kind != period.Week {
		return nil, fmt.Errorf("report %s: %w", opt.Period, ErrNotAWeek)
	}
	started := time.Now()
	b, err := Read(ctx, db, opt)
	if err != nil {
		return nil, err
	}
	data, err := Render(b, opt.Printer)
	if err != nil {
		return nil, err
	}
	r := rendered{name: FileName(opt.Period, opt.Printer.Lang()), page: data, document: newPage(words{opt.Printer}, b).document()}
	return r.publish(ctx, db, Result{Kind: string(KindWeekly)}, opt, started)
}

// WriteSituation writes a situation report or a letter that has been read, under the same rules.
func WriteSituation(ctx context.Context, db *warehouse.DB, s *Situation, opt Options) ([]Result, error) {
	started := time.Now()
	data, err := RenderSituation(s, opt.Printer)
	if err != nil {
		return nil, err
	}
	r := rendered{name: s.FileName(opt.Printer.Lang()), page: data, document: newDocument(words{opt.Printer}, s)}
	return r.publish(ctx, db, Result{Kind: string(s.Kind), Area: s.Area.Code}, opt, started)
}

// rendered is a report ready for all its forms.
type rendered struct {
	name     string // of the HTML file
	page     []byte
	document *document
}

// publish puts the files of the forms in place and records them.
func (r rendered) publish(ctx context.Context, db *warehouse.DB, result Result, opt Options, started time.Time) ([]Result, error) {
	var results []Result
	var missing error
	formats := opt.Formats
	if len(formats) == 0 {
		formats = []Format{HTML}
	}
	for _, format := range Formats() {
		if !slices.Contains(formats, format) {
			continue
		}
		data, err := r.form(ctx, format, opt)
		switch {
		case errors.Is(err, ErrNoChromium):
			missing = err
		case err != nil:
			return results, fmt.Errorf("write %s of %s: %w", format, r.name, err)
		}
		if data == nil {
			continue
		}
		name := strings.TrimSuffix(r.name, ".html") + "." + string(format)
		digest := sha256.Sum256(data)
		one := result
		one.Path, one.SHA256, one.Bytes = filepath.Join(opt.Out, name), hex.EncodeToString(digest[:]), len(data)
		one.Period, one.Lang, one.Format, one.Values, one.Version = opt.Period.String(), string(opt.Printer.Lang()), format, opt.Values, opt.Revision.Number
		if err := write(one.Path, data); err != nil {
			return results, fmt.Errorf("write report %s: %w", name, err)
		}
		if err := record(ctx, db, name, one, time.Since(started), opt.By); err != nil {
			return results, fmt.Errorf("record report %s: %w", name, err)
		}
		results = append(results, one)
	}
	return results, missing
}

// form makes the bytes of one form. With ErrNoChromium it returns a DOCX without pictures, and nothing for a PDF.
func (r rendered) form(ctx context.Context, format Format, opt Options) ([]byte, error) {
	switch format {
	case PDF:
		if opt.Chromium == nil {
			return nil, ErrNoChromium
		}
		return opt.Chromium.print(ctx, r.page, pageNumbers(words{opt.Printer}), opt.Today)
	case DOCX:
		pictures, missing := map[string]picture(nil), error(ErrNoChromium)
		if opt.Chromium != nil {
			pictures, missing = opt.Chromium.pictures(ctx, r.page)
		}
		data, err := writeDOCX(r.document, pictures)
		if err != nil {
			return nil, err
		}
		return data, missing
	case XLSX:
		return writeXLSX(r.document)
	}
	return r.page, nil
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

// ErrUnknown is returned for bytes that no report is.
var ErrUnknown = errors.New("no report has these bytes")

// Find returns the record of the report whose file has a SHA-256, and that of the file that was written last under its name.
//
// Errors: ErrUnknown.
func Find(ctx context.Context, db *warehouse.DB, sha256 string) (written, latest Published, err error) {
	var rows []struct {
		Name   string    `ch:"name"`
		At     time.Time `ch:"written_at"`
		Detail string    `ch:"detail"`
		Latest string    `ch:"latest_detail"`
	}
	if err := db.Select(ctx, &rows, "reports_find", clickhouse.Named("sha256", sha256)); err != nil {
		return written, latest, fmt.Errorf("find report %s: %w", sha256, err)
	}
	if len(rows) == 0 {
		return written, latest, ErrUnknown
	}
	written, latest = Published{Name: rows[0].Name, At: rows[0].At.UTC()}, Published{Name: rows[0].Name}
	if err := errors.Join(json.Unmarshal([]byte(rows[0].Detail), &written.Result), json.Unmarshal([]byte(rows[0].Latest), &latest.Result)); err != nil {
		return written, latest, fmt.Errorf("find report: record of %s: %w", rows[0].Name, err)
	}
	return written, latest, nil
}
