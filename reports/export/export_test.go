package export

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

func TestMain(m *testing.M) { warehousetest.Main(m) }

// everyType has a column of each type that tables use, in a full row, an empty one and a hostile one.
const everyType = `
SELECT n, s, lc, b, i, u, f, d, d32, dt, dt64, e, list, uuid, nf, nd
FROM values('n UInt8, s String, lc LowCardinality(String), b Bool, i Int64, u UInt64, f Float64, d Date, d32 Date32, dt DateTime(\'UTC\'),
    dt64 DateTime64(3, \'UTC\'), e Enum8(\'x\' = 1, \'y\' = 2), list Array(LowCardinality(String)), uuid UUID, nf Nullable(Float64), nd Nullable(Date32)',
  (1, '新郑，"一"', 'a', true, -5, 18446744073709551615, 0.1, '2026-11-16', '1900-01-01', '2026-11-15 22:00:00', '2026-11-15 22:00:00.123', 'y', ['p','q'],
      '61f0c404-5cb3-11e7-907b-a6006ad3dba0', 2.5, '2026-01-02'),
  (2, '=cmd|calc!A1', '@x', false, 0, 0, nan, '1970-01-01', '2026-01-01', '1970-01-01 00:00:00', '1970-01-01 00:00:00.000', 'x', [],
      '00000000-0000-0000-0000-000000000000', NULL, NULL))
ORDER BY n`

func write(t *testing.T, db *warehouse.DB, query string, format Format) string {
	t.Helper()
	rows, err := db.QuerySQL(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out bytes.Buffer
	if _, err := Write(t.Context(), rows, format, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestWrite_CSV(t *testing.T) {
	db := warehousetest.Empty(t)
	plain := write(t, db, everyType, CSV)
	records, err := csv.NewReader(strings.NewReader(plain)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"n", "s", "lc", "b", "i", "u", "f", "d", "d32", "dt", "dt64", "e", "list", "uuid", "nf", "nd"},
		{
			"1", `新郑，"一"`, "a", "true", "-5", "18446744073709551615", "0.1", "2026-11-16", "1900-01-01", "2026-11-16 06:00:00", "2026-11-16 06:00:00.123",
			"y", `["p","q"]`, "61f0c404-5cb3-11e7-907b-a6006ad3dba0", "2.5", "2026-01-02",
		},
		{
			"2", "=cmd|calc!A1", "@x", "false", "0", "0", "", "1970-01-01", "2026-01-01", "1970-01-01 08:00:00", "1970-01-01 08:00:00",
			"x", "[]", "00000000-0000-0000-0000-000000000000", "", "",
		},
	}
	if diff := cmp.Diff(want, records); diff != "" {
		t.Errorf("csv (-want +got):\n%s", diff)
	}
	forSheets := write(t, db, everyType, Sheet)
	if !strings.HasPrefix(forSheets, "\ufeffn,s,") || !strings.Contains(forSheets, "'=cmd|calc!A1,'@x,") || !strings.Contains(forSheets, ",-5,") {
		t.Errorf("csv for sheets:\n%s", forSheets)
	}
}

func TestWrite_JSON(t *testing.T) {
	db := warehousetest.Empty(t)
	lines := strings.Split(strings.TrimSpace(write(t, db, everyType, JSON)), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], `{"n":1,"s":"新郑，\"一\"","lc":"a","b":true,"i":-5,"u":18446744073709551615,`) {
		t.Fatalf("json:\n%s", strings.Join(lines, "\n"))
	}
	for _, line := range lines {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, want := range []string{`"dt":"2026-11-16T06:00:00+08:00"`, `"list":["p","q"]`, `"nd":"2026-01-02"`} {
		if !strings.Contains(lines[0], want) {
			t.Errorf("%s lacks %s", lines[0], want)
		}
	}
	if !strings.Contains(lines[1], `"f":null`) || !strings.Contains(lines[1], `"list":[]`) || !strings.Contains(lines[1], `"nf":null`) {
		t.Errorf("json: %s", lines[1])
	}
}

func TestWrite_Lists(t *testing.T) {
	db := warehousetest.Empty(t)
	got := write(t, db, `SELECT [1, 2]::Array(UInt8) AS a, [0.5, NULL] AS b, [toDate('2026-01-02')] AS c, [['x']] AS d, map('k', 1) AS e`, JSON)
	if want := `{"a":[1,2],"b":[0.5,null],"c":["2026-01-02"],"d":[["x"]],"e":{"k":1}}` + "\n"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestWrite_Table(t *testing.T) {
	db := warehousetest.Empty(t)
	got := write(t, db, "SELECT '单位' AS name, 'x\x1b[31m\ny' AS note UNION ALL SELECT 'ab', ''", Table)
	if want := "name  note\n单位  x [31m y\nab\n"; got != want {
		t.Errorf("table:\n%q\nwant\n%q", got, want)
	}
	if got := write(t, db, "SELECT 1 AS a WHERE 0", Table); got != "a\n" {
		t.Errorf("an empty table: %q", got)
	}
	if got := write(t, db, "SELECT number AS a FROM numbers(2500)", Table); strings.Count(got, "\n") != 2501 {
		t.Errorf("%d lines", strings.Count(got, "\n"))
	}
}

func TestWrite_XLSX(t *testing.T) {
	db := warehousetest.Empty(t)
	file, err := excelize.OpenReader(strings.NewReader(write(t, db, everyType, XLSX)))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for cell, want := range map[string]string{
		"A1": "n", "B2": `新郑，"一"`, "F2": "18446744073709551615", "H2": "2026-11-16", "I2": "1900-01-01", "J2": "2026-11-16 06:00:00",
		"B3": "=cmd|calc!A1", "O3": "", "P2": "2026-01-02",
	} {
		if got, err := file.GetCellValue("Sheet1", cell); err != nil || got != want {
			t.Errorf("%s holds %q, %v; want %q", cell, got, err, want)
		}
	}
	if formula, err := file.GetCellFormula("Sheet1", "B3"); err != nil || formula != "" {
		t.Errorf("B3 is the formula %q, %v", formula, err)
	}
}

func TestXLSX_FurtherSheets(t *testing.T) {
	var out bytes.Buffer
	x, err := newXLSXWriter([]column{{name: "a", kind: "UInt8"}}, &out)
	if err != nil {
		t.Fatal(err)
	}
	x.most = 3
	for i := range 5 {
		if err := x.row([]any{uint8(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := x.close(); err != nil {
		t.Fatal(err)
	}
	file, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for cell, want := range map[string]string{"Sheet1!A3": "1", "Sheet2!A1": "a", "Sheet2!A2": "2", "Sheet3!A2": "4"} {
		sheet, at, _ := strings.Cut(cell, "!")
		if got, err := file.GetCellValue(sheet, at); err != nil || got != want {
			t.Errorf("%s holds %q, %v; want %s", cell, got, err, want)
		}
	}
}

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "abc": "abc", "-5": "-5", "+0.25": "+0.25", "-": "-", "=1+1": "'=1+1", "+1+cmd": "'+1+cmd", "-1-1": "'-1-1", "@SUM(A1)": "'@SUM(A1)",
		"\t=1": "'\t=1", "\r=1": "'\r=1", "＝1": "'＝1", "a=1": "a=1",
	} {
		if got := harmless(text); got != want {
			t.Errorf("harmless(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestWrite_Cancelled(t *testing.T) {
	db := warehousetest.Empty(t)
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := db.QuerySQL(ctx, "SELECT number FROM numbers(100000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	cancel()
	if _, err := Write(ctx, rows, CSV, &bytes.Buffer{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

// TestFetch asks the real engine and reads its files back with the engine.
func TestFetch(t *testing.T) {
	db := warehousetest.Empty(t)
	info, err := db.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.HTTPAddress == "" {
		t.Skip("the server's HTTP address is not known")
	}
	password := strings.Split(strings.SplitN(db.DSN(), "@", 2)[0], ":")[2]
	at := Endpoint{URL: "http://" + info.HTTPAddress, User: "reader", Password: password, Database: info.Database}
	for format, begin := range map[Format]string{Parquet: "PAR1", Arrow: "\xff\xff\xff\xff"} {
		var out bytes.Buffer
		err := Fetch(t.Context(), at, format, "SELECT number, {word:String} AS word FROM numbers(100000)", map[string]string{"word": "新郑'"}, &out)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), begin) {
			t.Errorf("%s begins with %q", format, out.String()[:8])
		}
		// A broken query gives an error and not a file.
		out.Reset()
		if err := Fetch(t.Context(), at, format, "SELECT throwIf(number = 90000) FROM numbers(100000) SETTINGS max_block_size = 100", nil, &out); err == nil {
			t.Errorf("%s: a query that fails halfway gives %d bytes without an error", format, out.Len())
		}
		if err := Fetch(t.Context(), at, format, "CREATE TABLE x (a UInt8) ENGINE = Memory", nil, &out); err == nil {
			t.Errorf("%s: the reader created a table", format)
		}
	}
	path := filepath.Join(db.DataDir(), "engine", "files", "x.parquet")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(path)
	if err := errors.Join(Fetch(t.Context(), at, Parquet, "SELECT number AS n FROM numbers(7)", nil, file), file.Close()); err != nil {
		t.Fatal(err)
	}
	var n, sum uint64
	if err := db.Conn().QueryRow(t.Context(), "SELECT count(), sum(n) FROM file('"+path+"', Parquet)").Scan(&n, &sum); err != nil || n != 7 || sum != 21 {
		t.Errorf("the file holds %d rows of sum %d, %v", n, sum, err)
	}
	at.URL = "http://127.0.0.1:1"
	var unavailable *UnavailableError
	if err := Fetch(t.Context(), at, Parquet, "SELECT 1", nil, &bytes.Buffer{}); !errors.As(err, &unavailable) {
		t.Errorf("error %v, want *UnavailableError", err)
	}
}

func TestFetch_CutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("PAR1 and then Code: 241. DB::Exception"))
	}))
	defer server.Close()
	err := Fetch(t.Context(), Endpoint{URL: server.URL}, Parquet, "SELECT 1", nil, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "Exception") {
		t.Errorf("error %v", err)
	}
}
