package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"ohwatch/ingest"
	"ohwatch/reports/export"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// explainFlags say how `ohwatch indicators show --explain` writes what is behind a value.
type explainFlags struct {
	on    bool
	limit int    // rows shown of each value; negative: all in JSON, the first twenty in a table
	out   string // file for all rows
}

// shownRows is the number of rows that a table shows of a value unless asked otherwise.
const shownRows = 20

// explain leads from values to their rows, files and lines. Without a reading asked for it is the headline's.
func (a *app) explain(ctx context.Context, db *warehouse.DB, values []transform.Value, variant string, flags explainFlags) error {
	if variant == "" {
		values = slices.DeleteFunc(values, func(v transform.Value) bool { return !v.IsHeadline })
	}
	if len(values) == 0 {
		a.say("indicator.none", nil)
		return nil
	}
	opt := transform.Options{City: a.cfg.City.Code, Files: a.files, Dose: a.doseRules()}
	if flags.out != "" {
		return a.exportRows(ctx, db, opt, values, flags.out)
	}
	var rejects *possibleRejects
	for _, v := range values {
		e, err := transform.Explain(ctx, db, opt, []transform.Value{v})
		if err != nil {
			return err
		}
		if rejects == nil || rejects.dim != v.Dim {
			if rejects, err = a.possibleRejects(ctx, e, v.Dim); err != nil {
				return err
			}
		}
		if a.json {
			err = a.explainJSON(ctx, e, v, rejects.of(v), flags.limit)
		} else {
			err = a.explainTable(ctx, e, v, rejects.of(v), flags.limit)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// possibleRejects are the rejected rows that could change values of one dimension, with the strata of their employers.
type possibleRejects struct {
	dim    string
	all    []ingest.PossibleReject
	strata map[string]string // of the employers that are known
}

// possibleReject is a rejected row that could change a value, with the fields that scripts rely on.
type possibleReject struct {
	Stream    string   `json:"stream"`
	Batch     uint64   `json:"batch"`
	File      string   `json:"file"`
	Sheet     string   `json:"sheet"`
	Row       uint32   `json:"row"`
	Column    string   `json:"column"`
	Value     string   `json:"value"` // masked where it is personal
	Code      string   `json:"code"`
	Message   string   `json:"message"`
	Employers []string `json:"employers"` // that the row names; none: could not be told
}

// possibleRejects finds the rejected rows that could change a value of the explanation, in the area of any of its employers.
func (a *app) possibleRejects(ctx context.Context, e *transform.Explanation, dim string) (*possibleRejects, error) {
	batches, err := e.Batches(ctx)
	if err != nil {
		return nil, err
	}
	counts := func(batch uint64) bool { _, found := slices.BinarySearch(batches, batch); return found }
	p := &possibleRejects{dim: dim}
	employers := map[string]bool{}
	for _, stream := range slices.Concat(e.Streams, e.Finding) {
		err := ingest.PossibleRejects(ctx, a.db, a.cfg.Data.Dir, stream, counts, func(r ingest.PossibleReject) error {
			if n := len(r.Days); n > 0 && (r.Days[0].After(e.To) || e.InPeriod && stream != "employer" && r.Days[n-1].Before(e.From)) {
				return nil
			}
			for _, key := range r.Employers {
				employers[key] = true
			}
			p.all = append(p.all, r)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if p.strata, err = e.Strata(ctx, slices.Sorted(maps.Keys(employers))); err != nil {
		return nil, err
	}
	// What can only bring up an employer that nobody knows does not, when it names one that is known.
	p.all = slices.DeleteFunc(p.all, func(r ingest.PossibleReject) bool {
		return slices.Contains(e.Finding, r.Stream) && slices.ContainsFunc(r.Employers, func(key string) bool { _, known := p.strata[key]; return known })
	})
	// Those of known employers first, the newest first.
	slices.SortStableFunc(p.all, func(x, y ingest.PossibleReject) int {
		return cmp.Or(p.rank(x)-p.rank(y), last(y.Days).Compare(last(x.Days)))
	})
	return p, nil
}

// rank is 0 for a row whose employer is known, 1 for any other.
func (p *possibleRejects) rank(r ingest.PossibleReject) int {
	if slices.ContainsFunc(r.Employers, func(key string) bool { _, known := p.strata[key]; return known }) {
		return 0
	}
	return 1
}

// last is the last day, zero when there is none.
func last(days []time.Time) (day time.Time) {
	if n := len(days); n > 0 {
		day = days[n-1]
	}
	return day
}

// of returns those that could change one value: their employer is in its stratum or can't be told.
func (p *possibleRejects) of(v transform.Value) []ingest.PossibleReject {
	return slices.DeleteFunc(slices.Clone(p.all), func(r ingest.PossibleReject) bool {
		known := false
		for _, key := range r.Employers {
			stratum, ok := p.strata[key]
			if ok && stratum == v.DimValue {
				return false
			}
			known = known || ok
		}
		return known
	})
}

// possible words a rejected row.
func (a *app) possible(r *ingest.PossibleReject) possibleReject {
	return possibleReject{
		Stream: r.Stream, Batch: r.Batch, File: r.File, Sheet: r.Sheet, Row: r.Row, Column: r.Column, Value: r.Value, Code: r.Code,
		Message: a.rejectSentence(&r.Reject), Employers: append([]string{}, r.Employers...),
	}
}

// sourceLine is a row of a sender's file.
type sourceLine struct {
	Stream string `json:"stream"`
	Batch  uint64 `json:"batch"`
	File   string `json:"file"`
	Sheet  string `json:"sheet"`
	Row    uint32 `json:"row"`
}

func (l sourceLine) String() string {
	if l.Sheet != "" {
		return fmt.Sprintf("%s %d %s [%s] %d", l.Stream, l.Batch, l.File, l.Sheet, l.Row)
	}
	return fmt.Sprintf("%s %d %s %d", l.Stream, l.Batch, l.File, l.Row)
}

// countedRow is a row behind a value.
type countedRow struct {
	EmployerKey  string       `json:"employer_key"`
	EmployerName string       `json:"employer_name"`
	Entity       string       `json:"entity"`
	Numerator    float64      `json:"numerator"`
	Denominator  *float64     `json:"denominator"`
	Missing      float64      `json:"missing"`
	Value        *float64     `json:"value,omitempty"` // of a quantile: what the row tells
	Lines        []sourceLine `json:"lines"`
	Roster       []sourceLine `json:"roster"` // rows of the employer in the roster
}

// batchCount is a batch with the number of its lines behind a value.
type batchCount struct {
	Stream string `json:"stream"`
	Batch  uint64 `json:"batch"`
	File   string `json:"file"`
	Sheet  string `json:"sheet"`
	Lines  int    `json:"lines"`
}

// rowTotal is what the rows of a value add up to.
type rowTotal struct {
	Rows        uint64   `json:"rows"`
	Numerator   float64  `json:"numerator"`
	Denominator *float64 `json:"denominator"`
	Missing     float64  `json:"missing"`
}

// eachRow passes on the rows behind a value, at most limit of them, and returns the batches that they name and what all rows
// add up to.
func eachRow(ctx context.Context, e *transform.Explanation, limit int, use func(*countedRow) error) (batches []batchCount, total rowTotal, isEqual func(transform.Value) bool, err error) {
	sums, err := e.Sums(ctx)
	if err != nil {
		return nil, total, nil, err
	}
	var sum transform.RowSum
	if len(sums) > 0 {
		sum = sums[0]
	}
	total = rowTotal{sum.Rows, sum.Numerator, sum.Denominator, sum.Missing}
	rows, err := e.Rows(ctx, 0, false)
	if err != nil {
		return nil, total, nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	counts, seen := map[uint64]*batchCount{}, map[string]bool{}
	for n := 0; rows.Next(); n++ {
		var r countedRow
		var skip string
		var lines, roster [][]any
		if err := rows.Scan(&skip, &skip, &skip, &skip, &skip, &r.EmployerKey, &r.EmployerName, &r.Entity, &r.Numerator, &r.Denominator, &r.Missing, &r.Value, &lines, &roster); err != nil {
			return nil, total, nil, fmt.Errorf("read the rows behind %s: %w", e.Indicator.ID, err)
		}
		r.Lines, r.Roster = sourceLines(lines), sourceLines(roster)
		named := r.Lines
		if !seen[r.EmployerKey] { // its rows in the roster count once
			seen[r.EmployerKey] = true
			named = slices.Concat(r.Lines, r.Roster)
		}
		for _, l := range named {
			if counts[l.Batch] == nil {
				counts[l.Batch] = &batchCount{Stream: l.Stream, Batch: l.Batch, File: l.File, Sheet: l.Sheet}
			}
			counts[l.Batch].Lines++
		}
		if limit < 0 || n < limit {
			if err := use(&r); err != nil {
				return nil, total, nil, err
			}
		}
	}
	for _, batch := range slices.Sorted(maps.Keys(counts)) {
		batches = append(batches, *counts[batch])
	}
	return batches, total, sum.Equals, rows.Err()
}

func sourceLines(tuples [][]any) []sourceLine {
	lines := make([]sourceLine, len(tuples))
	for i, t := range tuples {
		stream, _ := t[0].(string)
		batch, _ := t[1].(uint64)
		file, _ := t[2].(string)
		sheet, _ := t[3].(string)
		row, _ := t[4].(uint32)
		lines[i] = sourceLine{stream, batch, file, sheet, row}
	}
	return lines
}

// definition says what a value means and what one of its rows is.
type definition struct {
	TitleZh       string `json:"title_zh"`
	TitleEn       string `json:"title_en"`
	MeaningZh     string `json:"meaning_zh"`
	MeaningEn     string `json:"meaning_en"`
	NumeratorZh   string `json:"numerator_zh"` // of the headline
	NumeratorEn   string `json:"numerator_en"`
	DenominatorZh string `json:"denominator_zh"`
	DenominatorEn string `json:"denominator_en"`
	Clause        string `json:"clause"`
	Unit          string `json:"unit"`
	RowZh         string `json:"row_zh"` // empty: the definition's own query says it
	RowEn         string `json:"row_en"`
}

// explainJSON prints a value as one object: its fields, its definition, and then the rows, one after another so that
// memory does not grow with them.
func (a *app) explainJSON(ctx context.Context, e *transform.Explanation, v transform.Value, rejects []ingest.PossibleReject, limit int) (err error) {
	out := bufio.NewWriter(a.out)
	defer func() { err = errors.Join(err, out.Flush()) }()
	value, err := plainJSON(v)
	if err != nil {
		return err
	}
	head, err := plainJSON(struct {
		Definition definition      `json:"definition"`
		SQL        []transform.SQL `json:"sql"`
		From       string          `json:"from"`
		To         string          `json:"to"`
		Streams    []string        `json:"streams"`
	}{
		definition{
			e.Indicator.Title.Zh, e.Indicator.Title.En, e.Variant.Meaning.Zh, e.Variant.Meaning.En, e.Indicator.Numerator.Zh, e.Indicator.Numerator.En,
			e.Indicator.Denominator.Zh, e.Indicator.Denominator.En, e.Indicator.Clause, string(e.Variant.Unit),
			e.Grain.Zh, e.Grain.En,
		},
		e.Files, e.From.Format(time.DateOnly), e.To.Format(time.DateOnly), e.Streams,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s,%s,\"rows\":[", value[:len(value)-1], head[1:len(head)-1])
	n := 0
	batches, total, equals, err := eachRow(ctx, e, limit, func(r *countedRow) error {
		row, err := plainJSON(r)
		if n > 0 {
			row = append([]byte{','}, row...)
		}
		n++
		_, e := out.Write(row)
		return errors.Join(err, e)
	})
	if err != nil {
		return err
	}
	worded := make([]possibleReject, len(rejects))
	for i := range rejects {
		worded[i] = a.possible(&rejects[i])
	}
	tail, err := plainJSON(struct {
		Total   rowTotal         `json:"total"`
		AddsUp  bool             `json:"adds_up"`
		Batches []batchCount     `json:"batches"`
		Rejects []possibleReject `json:"rejects"`
	}{total, equals(v), append([]batchCount{}, batches...), worded})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "],%s\n", tail[1:])
	return err
}

// plainJSON is JSON that leaves <, > and & as they are.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("write JSON: %w", err)
	}
	return bytes.TrimRight(b.Bytes(), "\n"), nil
}

// explainTable prints a value, its definition, the first rows and rejected rows, and the batches.
func (a *app) explainTable(ctx context.Context, e *transform.Explanation, v transform.Value, rejects []ingest.PossibleReject, limit int) error {
	if limit < 0 {
		limit = shownRows
	}
	if err := a.printValues([]transform.Value{v}); err != nil {
		return err
	}
	fmt.Fprintf(a.out, "\n%s %s\n%s\n%s\n", e.Indicator.ID, a.title(e.Indicator.Title), e.Indicator.Clause, a.title(e.Variant.Meaning))
	a.say("explain.read_on", map[string]any{"version": e.Indicator.Version, "from": e.From.Format(time.DateOnly), "to": e.To.Format(time.DateOnly)})
	for _, f := range e.Files {
		fmt.Fprintf(a.out, "\n%s\n", f.Path)
		for line := range strings.Lines(strings.TrimSpace(f.Text)) {
			fmt.Fprint(a.out, "    "+line)
		}
		fmt.Fprintln(a.out)
	}
	var table [][]string
	batches, total, equals, err := eachRow(ctx, e, limit, func(r *countedRow) error {
		lines := make([]string, 0, 3)
		for i, l := range slices.Concat(r.Lines, r.Roster) {
			if i == 2 {
				lines = append(lines, fmt.Sprintf("+%d", len(r.Lines)+len(r.Roster)-i))
				break
			}
			lines = append(lines, l.String())
		}
		table = append(table, []string{
			cmp.Or(r.EmployerName, r.EmployerKey, "—"), r.Entity, plain(&r.Numerator), plain(r.Denominator), plain(&r.Missing), strings.Join(lines, "; "),
		})
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	if e.Grain.Zh != "" {
		fmt.Fprintln(a.out, a.title(e.Grain))
	}
	if err := printTable(a.out, strings.Split(a.text("explain.rows_head", nil), "|"), table); err != nil {
		return err
	}
	a.say("explain.total", map[string]any{
		"shown": len(table), "rows": total.Rows, "numerator": plain(&total.Numerator), "denominator": plain(total.Denominator),
	})
	if !equals(v) {
		a.say("explain.differs", map[string]any{"numerator": plain(&v.Numerator), "denominator": plain(v.Denominator)})
	}
	table = nil
	for _, b := range batches[:min(limit, len(batches))] {
		file := b.File
		if b.Sheet != "" {
			file += " [" + b.Sheet + "]"
		}
		table = append(table, []string{strconv.FormatUint(b.Batch, 10), b.Stream, file, strconv.Itoa(b.Lines)})
	}
	fmt.Fprintln(a.out)
	a.say("explain.batches", map[string]any{"shown": len(table), "batches": len(batches)})
	if err := printTable(a.out, strings.Split(a.text("explain.batches_head", nil), "|"), table); err != nil {
		return err
	}
	fmt.Fprintln(a.out)
	a.say("explain.rejects", map[string]any{"rows": len(rejects), "streams": strings.Join(e.Streams, ", ")})
	table = nil
	for i := range rejects[:min(limit, len(rejects))] {
		r := a.possible(&rejects[i])
		table = append(table, []string{r.Stream, strconv.FormatUint(r.Batch, 10), r.File, strconv.FormatUint(uint64(r.Row), 10), r.Column, r.Value, r.Message})
	}
	if len(table) == 0 {
		return nil
	}
	return printTable(a.out, strings.Split(a.text("explain.rejects_head", nil), "|"), table)
}

// exportRows writes all rows behind the values to a CSV or XLSX file, those of one indicator, reading and dimension after
// those of another.
func (a *app) exportRows(ctx context.Context, db *warehouse.DB, opt transform.Options, values []transform.Value, out string) error {
	format, ok := export.FormatOf(out)
	if !ok || format.ByEngine() {
		return wrongUsage("explain.out_ending", map[string]any{"file": out})
	}
	for _, v := range values {
		if v.Dim != values[0].Dim || v.Variant != values[0].Variant {
			return wrongUsage("explain.out_one", nil)
		}
	}
	e, err := transform.Explain(ctx, db, opt, values)
	if err != nil {
		return err
	}
	var n uint64
	err = a.writeWhole(out, func(w io.Writer) (err error) {
		rows, err := e.Rows(ctx, 0, true)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		n, err = export.Write(ctx, rows, format, w)
		return err
	})
	if err != nil {
		return err
	}
	info, err := os.Stat(out)
	if err != nil {
		return fmt.Errorf("export rows: %w", err)
	}
	if a.json {
		return a.printJSON(exportLine{Name: e.Indicator.ID, File: out, Rows: &n, Bytes: info.Size()})
	}
	a.say("export.wrote", map[string]any{"name": e.Indicator.ID, "file": out, "rows": n, "bytes": info.Size()})
	return nil
}

// writeWhole writes a file that appears whole or not at all.
func (a *app) writeWhole(out string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(out), "."+filepath.Base(out)+".*")
	if err != nil {
		return a.cannotWrite(out, err)
	}
	defer os.Remove(file.Name()) // gone already when it has its name
	buffered := bufio.NewWriterSize(file, 1<<20)
	err = write(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	if err := os.Rename(file.Name(), out); err != nil {
		return a.cannotWrite(out, err)
	}
	return nil
}
