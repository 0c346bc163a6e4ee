package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/rivo/uniseg"
)

// csvWriter writes comma-separated values.
type csvWriter struct {
	columns []column
	out     *csv.Writer
	guard   bool
	fields  []string
}

func newCSVWriter(columns []column, w io.Writer, forSheets bool) (*csvWriter, error) {
	if forSheets {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return nil, err
		}
	}
	c := &csvWriter{columns: columns, out: csv.NewWriter(w), guard: forSheets, fields: make([]string, len(columns))}
	c.out.UseCRLF = forSheets
	for i, column := range columns {
		c.fields[i] = column.name
		if c.guard {
			c.fields[i] = harmless(column.name)
		}
	}
	return c, c.out.Write(c.fields)
}

func (c *csvWriter) row(values []any) error {
	for i, value := range values {
		text := asText(c.columns[i], value)
		if _, isString := value.(string); c.guard && isString {
			text = harmless(text)
		}
		c.fields[i] = text
	}
	return c.out.Write(c.fields)
}

func (c *csvWriter) close() error {
	c.out.Flush()
	return c.out.Error()
}

// number is text that a spreadsheet takes for a number whatever its sign.
var number = regexp.MustCompile(`^[+-]?[0-9]+([.][0-9]+)?$`)

// harmless returns text that a spreadsheet does not take for a formula: an apostrophe before what begins
// like one.
func harmless(text string) string {
	if text == "" || !strings.ContainsAny(text[:1], "=+-@\t\r\n|%") && !strings.HasPrefix(text, "＝") && !strings.HasPrefix(text, "＋") &&
		!strings.HasPrefix(text, "－") && !strings.HasPrefix(text, "＠") {
		return text
	}
	if number.MatchString(text) || len(text) == 1 {
		return text
	}
	return "'" + text
}

// jsonWriter writes one object a line, keys in the order of the columns.
type jsonWriter struct {
	columns []column
	enc     *json.Encoder
	line    bytes.Buffer
}

func (j *jsonWriter) row(values []any) error {
	j.line.Reset()
	j.line.WriteByte('{')
	for i, value := range values {
		if i > 0 {
			j.line.WriteByte(',')
		}
		for k, part := range []any{j.columns[i].name, asJSON(j.columns[i], value)} {
			var text bytes.Buffer
			enc := json.NewEncoder(&text)
			enc.SetEscapeHTML(false)
			if err := enc.Encode(part); err != nil {
				return fmt.Errorf("column %s: %w", j.columns[i].name, err)
			}
			if k == 1 {
				j.line.WriteByte(':')
			}
			j.line.Write(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
		}
	}
	j.line.WriteByte('}')
	j.enc.SetEscapeHTML(false)
	return j.enc.Encode(json.RawMessage(j.line.Bytes()))
}

func (j *jsonWriter) close() error { return nil }

// tableBlock is how many rows a table measures at once: later blocks may be wider.
const tableBlock = 1000

// tableWriter writes aligned columns, block by block.
type tableWriter struct {
	columns []column
	out     io.Writer
	rows    [][]string
	headed  bool
}

func newTableWriter(columns []column, w io.Writer) *tableWriter {
	return &tableWriter{columns: columns, out: w}
}

func (t *tableWriter) row(values []any) error {
	cells := make([]string, len(values))
	for i, value := range values {
		cells[i] = visible(asText(t.columns[i], value))
	}
	t.rows = append(t.rows, cells)
	if len(t.rows) < tableBlock {
		return nil
	}
	return t.flush()
}

func (t *tableWriter) flush() error {
	head := make([]string, len(t.columns))
	for i, c := range t.columns {
		head[i] = visible(c.name)
	}
	widths := make([]int, len(head))
	for _, row := range append([][]string{head}, t.rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], uniseg.StringWidth(cell))
		}
	}
	if !t.headed {
		t.rows = append([][]string{head}, t.rows...)
		t.headed = true
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-uniseg.StringWidth(cell)+2))
		}
		if _, err := fmt.Fprintln(t.out, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	t.rows = t.rows[:0]
	return nil
}

func (t *tableWriter) close() error {
	if t.headed && len(t.rows) == 0 {
		return nil
	}
	return t.flush()
}

// visible makes text safe for one line of a terminal.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text)
}
