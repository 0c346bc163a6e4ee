package simulate

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"ohwatch/sql"
)

// small is a small city on disk, simulated once for all tests that only read.
var small = sync.OnceValues(func() (written, error) {
	dir, err := os.MkdirTemp("", "simulate")
	if err != nil {
		return written{}, err
	}
	w := written{dir: filepath.Join(dir, "city")}
	truth := filepath.Join(dir, "truth.json")
	if w.summary, err = Run(context.Background(), Options{Out: w.dir, Truth: truth, Seed: 7, Scale: 0.05}); err != nil {
		return w, err
	}
	data, err := os.ReadFile(truth)
	if err != nil {
		return w, err
	}
	return w, json.Unmarshal(data, &w.truth)
})

type written struct {
	dir     string
	summary Summary
	truth   Truth
}

func TestMain(m *testing.M) {
	code := m.Run()
	if w, err := small(); err == nil {
		os.RemoveAll(filepath.Dir(w.dir))
	}
	os.Exit(code)
}

func smallCity(t *testing.T) written {
	t.Helper()
	w, err := small()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestRun_SameSeedSameBytes(t *testing.T) {
	hash := func(seed uint64) string {
		dir := t.TempDir()
		truth := filepath.Join(t.TempDir(), "truth.json")
		if _, err := Run(context.Background(), Options{Out: dir, Truth: truth, Seed: seed, Scale: 0.02}); err != nil {
			t.Fatal(err)
		}
		sum := sha256.New()
		for _, root := range []string{dir, truth} {
			if err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(path)
				io.WriteString(sum, strings.TrimPrefix(path, root))
				sum.Write(data)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		return hex.EncodeToString(sum.Sum(nil))
	}
	first := hash(3)
	if again := hash(3); again != first {
		t.Error("two runs with the same seed wrote different bytes")
	}
	if other := hash(4); other == first {
		t.Error("another seed wrote the same bytes")
	}
}

func TestRun_RefusesOptionsThatMakeNoSense(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, opt := range map[string]Options{
		"years backwards":  {Out: "x", FromYear: 2025, ToYear: 2018},
		"last day outside": {Out: "x", Until: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)},
		"negative scale":   {Out: "x", Scale: -1},
		"no folder":        {},
		"folder not empty": {Out: full, Scale: 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Run(context.Background(), opt)
			var wrong *OptionError
			if !errors.As(err, &wrong) {
				t.Errorf("got %v, want an option error", err)
			}
		})
	}
}

func TestRun_OneYearAndTinyCity(t *testing.T) {
	for name, opt := range map[string]Options{
		"one year":     {FromYear: 2024, ToYear: 2024, Scale: 0.02},
		"two years":    {FromYear: 2025, ToYear: 2026, Scale: 0.02, Until: time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)},
		"tiny":         {Scale: 0.001},
		"spring start": {FromYear: 2026, ToYear: 2026, Scale: 0.01, Until: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			opt.Out, opt.Seed = t.TempDir(), 11
			s, err := Run(context.Background(), opt)
			if err != nil {
				t.Fatal(err)
			}
			if s.Rows == 0 {
				t.Error("no rows")
			}
		})
	}
}

func TestCheckDigits(t *testing.T) {
	if got := usccCheck("91110000600037341"); got != 'L' {
		t.Errorf("credit code: got %c, want L", got)
	}
	if got := orgCheck("60003734"); got != '1' {
		t.Errorf("organisation code: got %c, want 1", got)
	}
	if got := idCheck("11010519491231002"); got != 'X' {
		t.Errorf("identity number: got %c, want X", got)
	}
	if got := creditCode(5); !strings.HasPrefix(got, usccPrefix) || len(got) != 18 || got[17] != usccCheck(got) {
		t.Errorf("credit code %s", got)
	}
}

func TestWrongCheck_IsAlwaysWrong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		salt := rapid.Uint64().Draw(t, "salt")
		id := idNumber(dayOf(1985, 1, 1)+day(rapid.IntRange(0, 9000).Draw(t, "days")), rapid.IntRange(1, 999).Draw(t, "serial"))
		bad := wrongCheck(id, "0123456789X", salt)
		if bad == id || bad[17] == idCheck(bad) {
			t.Fatalf("%s passes", bad)
		}
		code := creditCode(rapid.IntRange(1, 99999).Draw(t, "n"))
		if bad := wrongCheck(code, usccAlphabet, salt); bad[17] == usccCheck(bad) {
			t.Fatalf("%s passes", bad)
		}
	})
}

func TestNextIDNumber_EveryNumberOnceThenNone(t *testing.T) {
	c := &city{serials: map[day]int{}}
	birth := dayOf(1985, 1, 1)
	seen := map[string]bool{}
	for _, male := range []bool{true, false} {
		for {
			id := c.nextIDNumber(birth, male)
			if id == "" {
				break
			}
			if len(id) != 18 || seen[id] || id[14:17] == "000" || id[15:17] == "00" || (id[16]-'0')%2 == 1 != male {
				t.Fatalf("male %v: %s", male, id)
			}
			seen[id] = true
		}
	}
	if len(seen) < 900 {
		t.Errorf("%d numbers for one birth date", len(seen))
	}
}

func TestDay(t *testing.T) {
	for _, tc := range []struct {
		from   day
		months int
		want   string
	}{
		{dayOf(2024, 2, 29), 12, "2025-02-28"}, {dayOf(2025, 10, 31), 4, "2026-02-28"}, {dayOf(2025, 3, 31), -1, "2025-02-28"}, {dayOf(2025, 1, 15), 36, "2028-01-15"},
	} {
		if got := tc.from.addMonths(tc.months).String(); got != tc.want {
			t.Errorf("%s and %d months: got %s, want %s", tc.from, tc.months, got, tc.want)
		}
	}
	for d, want := range map[day]string{dayOf(2026, 11, 16): "2026-09-30", dayOf(2025, 12, 31): "2025-12-31", dayOf(2026, 2, 1): "2025-12-31", dayOf(2026, 9, 30): "2026-09-30"} {
		if got := d.lastQuarterEnd().String(); got != want {
			t.Errorf("last quarter end of %s: got %s, want %s", d, got, want)
		}
	}
	if got := dayOf(2025, 3, 7).format(serial); got != "45723" {
		t.Errorf("serial of 2025-03-07: got %s, want 45723", got)
	}
	if got := dayOf(2026, 11, 15).week(); got != "2026-W46" {
		t.Errorf("week of 2026-11-15: got %s", got)
	}
}

// rowsOf reads a file as a spreadsheet program would show it, with the line of every row.
func rowsOf(t *testing.T, w written, f FileTruth) (rows [][]string, lines []int) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.dir, filepath.FromSlash(f.File)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Format == "xlsx" {
		book, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", f.File, err)
		}
		defer book.Close()
		all, err := book.GetRows(book.GetSheetName(0), excelize.Options{RawCellValue: true})
		if err != nil {
			t.Fatalf("%s: %v", f.File, err)
		}
		for i, row := range all {
			rows, lines = append(rows, row), append(lines, i+1)
		}
		return rows, lines
	}
	switch f.Encoding {
	case "gb18030":
		if data, err = simplifiedchinese.GB18030.NewDecoder().Bytes(data); err != nil {
			t.Fatalf("%s: %v", f.File, err)
		}
	case "utf-8-bom":
		if !bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
			t.Fatalf("%s: no byte order mark", f.File)
		}
		data = data[3:]
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, lines
		}
		if err != nil {
			t.Fatalf("%s: %v", f.File, err)
		}
		line, _ := r.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
}

func TestFiles_CountsAddUp(t *testing.T) {
	w := smallCity(t)
	if w.summary.Institutions < 40 || w.summary.Institutions > 60 || w.summary.InstitutionsByKind["dose"] == 0 {
		t.Errorf("papers of %d institutions: %v", w.summary.Institutions, w.summary.InstitutionsByKind)
	}
	if len(w.truth.Files) != w.summary.Files || w.summary.Files > 480 {
		t.Errorf("%d files in the truth, %d in the summary, at most 480 wanted", len(w.truth.Files), w.summary.Files)
	}
	encodings, formats, codes, total := map[string]int{}, map[string]int{}, map[string]int{}, FileTruth{}
	for _, f := range w.truth.Files {
		encodings[f.Encoding]++
		formats[f.Format+" "+f.Stream]++
		if f.Rows != f.Loaded+f.Corrected+f.Voided+f.Unchanged+f.Rejected {
			t.Errorf("%s: %d rows do not end somewhere exactly once", f.File, f.Rows)
		}
		if len(f.CorrectedLines) != f.Corrected || len(f.VoidedLines) != f.Voided || len(f.UnchangedLines) != f.Unchanged || len(f.RejectedLines) != f.Rejected {
			t.Errorf("%s: line lists and counts differ", f.File)
		}
		for _, r := range f.RejectedLines {
			codes[r.Code]++
		}
		total.Corrected += f.Corrected
		total.Voided += f.Voided
		total.Unchanged += f.Unchanged
		rows, lines := rowsOf(t, w, f)
		heading := slices.IndexFunc(rows, func(row []string) bool {
			return slices.ContainsFunc(row, func(s string) bool {
				return strings.Contains(s, "统一社会信用代码") || strings.Contains(s, "信用代码") || strings.Contains(s, "身份证号") || strings.HasPrefix(s, "机构")
			})
		})
		if heading < 0 {
			t.Fatalf("%s: no heading", f.File)
		}
		n := 0
		var last int
		for i, row := range rows[heading+1:] {
			if slices.ContainsFunc(row, func(s string) bool { return s != "" }) {
				n++
				last = lines[heading+1+i]
			}
		}
		if n != f.Rows {
			t.Errorf("%s: %d rows in the file, %d in the truth", f.File, n, f.Rows)
		}
		for _, r := range f.RejectedLines {
			if r.Line > last || r.Line < 2 {
				t.Errorf("%s: rejected line %d is outside the rows", f.File, r.Line)
			}
		}
	}
	for _, want := range []string{"utf-8", "utf-8-bom", "gb18030"} {
		if encodings[want] == 0 {
			t.Errorf("no file in %s", want)
		}
	}
	for _, stream := range []string{"employer", "exam", "detection", "dose", "declaration", "training", "insurance", "case_report"} {
		if formats["csv "+stream] == 0 || formats["xlsx "+stream] == 0 {
			t.Errorf("%s comes not in both formats: %v", stream, formats)
		}
	}
	for _, code := range []string{"id_damaged", "id_check_digit", "required", "date_invalid", "unknown_code", "not_a_number", "shifted_row", "totals_row", "repeated_header", "bad_bytes"} {
		if codes[code] == 0 {
			t.Errorf("no row is rejected with %s", code)
		}
	}
	if total.Corrected == 0 || total.Voided == 0 || total.Unchanged == 0 {
		t.Errorf("corrected %d, voided %d, unchanged %d: want some of each", total.Corrected, total.Voided, total.Unchanged)
	}
}

func TestFiles_NoIdentityNumberThatCouldBeSomebodys(t *testing.T) {
	w := smallCity(t)
	number := regexp.MustCompile(`[0-9]{17}[0-9Xx]`)
	phone := regexp.MustCompile(`\b1[3-9][0-9]{9}\b`)
	seen, ok := 0, map[string]bool{}
	for _, p := range w.truth.Persons {
		ok[p.IDNo] = true
		if len(p.IDNo) != 18 || p.IDNo[:6] != idPrefix || p.IDNo[17] != idCheck(p.IDNo) {
			t.Errorf("identity number %s", p.IDNo)
		}
	}
	for _, f := range w.truth.Files {
		rows, _ := rowsOf(t, w, f)
		for _, row := range rows {
			for _, v := range row {
				for _, id := range number.FindAllString(v, -1) {
					if strings.HasPrefix(id, idPrefix) || strings.HasPrefix(id, "91") || len(v) > 18 && !strings.HasPrefix(v, idPrefix) {
						seen++
						continue
					}
					t.Fatalf("%s: identity number %s", f.File, id)
				}
				for _, p := range phone.FindAllString(v, -1) {
					if !strings.HasPrefix(p, "1990000") && len(v) == 11 {
						t.Fatalf("%s: phone number %s", f.File, p)
					}
				}
			}
		}
	}
	if seen == 0 || len(ok) != len(w.truth.Persons) {
		t.Errorf("%d identity numbers in the files, %d of %d persons have one of their own", seen, len(ok), len(w.truth.Persons))
	}
}

// TestFiles_ArriveInTheOrderOfTheirPaths holds the clock of the files: each arrives in the evening after its rows
// were sent, in the order of the paths, the last ones in the last week.
func TestFiles_ArriveInTheOrderOfTheirPaths(t *testing.T) {
	w := smallCity(t)
	var before time.Time
	inLastWeek := 0
	for _, f := range w.truth.Files {
		info, err := os.Stat(filepath.Join(w.dir, filepath.FromSlash(f.File)))
		if err != nil {
			t.Fatal(err)
		}
		if !info.ModTime().Equal(f.Arrived) {
			t.Errorf("%s: modified %s, arrived %s", f.File, info.ModTime(), f.Arrived)
		}
		if f.Arrived.Before(before) {
			t.Errorf("%s arrives %s, before the file in front of it", f.File, f.Arrived)
		}
		before = f.Arrived
		if f.Arrived.Hour() != 18 || f.Arrived.Format(time.DateOnly) > w.truth.Until {
			t.Errorf("%s arrives %s", f.File, f.Arrived)
		}
		if year, week := f.Arrived.ISOWeek(); year == 2026 && week == 46 {
			inLastWeek++
		}
		name := filepath.Base(f.File)
		if strings.HasPrefix(name, "202609") && f.Arrived.Format("2006-01") != "2026-10" {
			t.Errorf("%s arrives %s", f.File, f.Arrived)
		}
	}
	if inLastWeek < 10 {
		t.Errorf("%d files arrive in 2026-W46", inLastWeek)
	}
}

func TestFiles_HideNotes(t *testing.T) {
	w := smallCity(t)
	hidden := 0
	for _, f := range w.truth.Files {
		if f.Format != "xlsx" {
			continue
		}
		book, err := excelize.OpenFile(filepath.Join(w.dir, filepath.FromSlash(f.File)))
		if err != nil {
			t.Fatalf("%s: %v", f.File, err)
		}
		for _, name := range book.GetSheetList()[1:] {
			if visible, err := book.GetSheetVisible(name); err != nil || visible {
				t.Errorf("%s: sheet %s is visible (%v)", f.File, name, err)
			}
			hidden++
		}
		if err := book.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if hidden == 0 {
		t.Error("no workbook has a hidden sheet")
	}
}

func TestFiles_HoldTheSendersMess(t *testing.T) {
	w := smallCity(t)
	var all strings.Builder
	for _, f := range w.truth.Files {
		rows, _ := rowsOf(t, w, f)
		for _, row := range rows {
			all.WriteString(strings.Join(row, "\t"))
			all.WriteByte('\n')
		}
	}
	text := all.String()
	for _, want := range []string{"未检出", "<0.", "＜0.", "(MDL/2)", "噪声_目前未见异常;", "噪音", "粉尘\t", "作废", "年3月", "合计", "</script>", "=1+1", "填报单位"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is nowhere in the files", want)
		}
	}
	if !regexp.MustCompile(`\t[０-９]+\t`).MatchString(text) {
		t.Error("no full-width digits")
	}
	for what, form := range map[string]string{"months in full width": `２０[０-９]{2}年[０-９]+月`, "headings with a line break": `接害工龄年数\n`} {
		if !regexp.MustCompile(form).MatchString(text) {
			t.Errorf("no %s", what)
		}
	}
	if !regexp.MustCompile(`\t[0-9],[0-9]{3}\t`).MatchString(text) {
		t.Error("no thousands separators")
	}
}

// contract is what this test needs of a stream's contract.
type contract struct {
	Fields []struct {
		Name    string   `yaml:"name"`
		Headers []string `yaml:"headers"`
	} `yaml:"fields"`
}

func TestHeadings_MeanWhatTheContractsSay(t *testing.T) {
	brackets := regexp.MustCompile(`\([^()]*\)$`)
	normal := func(s string) string {
		return strings.NewReplacer(" ", "", "*", "", "\n", "").Replace(norm.NFKC.String(s))
	}
	for stream := range map[string]int{
		"employer": 0, "exam": 0, "detection": 0, "dose": 0, "declaration": 0, "training": 0, "insurance": 0, "case_report": 0,
		"follow_up": 0, "project": 0, "inspection": 0, "complaint": 0, "event": 0, "institution": 0, "demerit": 0, "exam_summary": 0, "radiation_worker": 0,
	} {
		data, err := os.ReadFile(filepath.Join("..", "..", "ingest", "contracts", stream+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		var c contract
		if err := yaml.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		field := map[string]string{}
		for _, f := range c.Fields {
			for _, h := range f.Headers {
				field[normal(h)] = f.Name
			}
		}
		for dialect := range 4 {
			for _, column := range headings(stream, dialect) {
				if column.field == "" {
					continue
				}
				h := normal(column.heading)
				got, ok := field[h]
				if !ok {
					got, ok = field[brackets.ReplaceAllString(h, "")]
				}
				if !ok {
					t.Errorf("%s: no contract knows the heading %s", stream, column.heading)
				} else if got != column.field {
					t.Errorf("%s: %s means %s in the contract, %s here", stream, column.heading, got, column.field)
				}
			}
		}
	}
}

func TestHeadings_ADepartmentsFormsAskForTheSame(t *testing.T) {
	for _, stream := range []string{
		"employer", "declaration", "training", "insurance", "case_report",
		"follow_up", "project", "inspection", "complaint", "event", "institution", "demerit", "exam_summary", "radiation_worker",
	} {
		fields := func(dialect int) []string {
			var out []string
			for _, c := range headings(stream, dialect) {
				if c.field != "" {
					out = append(out, c.field)
				}
			}
			slices.Sort(out)
			return out
		}
		for dialect := range 3 {
			if !slices.Equal(fields(0), fields(dialect)) {
				t.Errorf("%s: dialects 0 and %d have different fields: %v, %v", stream, dialect, fields(0), fields(dialect))
			}
		}
	}
}

func TestEvents_ArePlanted(t *testing.T) {
	w := smallCity(t)
	rules := map[string]int{}
	for _, e := range w.truth.Events {
		for _, r := range e.Rules {
			rules[r]++
		}
		if e.Size < 1 || e.FromWeek > e.ToWeek || e.Area == "" {
			t.Errorf("event %+v", e)
		}
	}
	for _, want := range []string{"R04", "R06", "R10", "R15", "R23", "R24", "R27", "D01", "D02", "D06", "R35", "R38", "R39", "EARS"} {
		if rules[want] == 0 {
			t.Errorf("nothing planted for %s", want)
		}
	}
}

func lived(t *testing.T, scale float64, seed uint64) *city {
	t.Helper()
	opt, err := Options{Out: "-", Scale: scale, Seed: seed}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	c, err := live(context.Background(), sql.Reference(), opt)
	if err != nil {
		t.Fatal(err)
	}
	c.deliverAll()
	return c
}
