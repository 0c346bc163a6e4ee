package transform_test

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	ohsql "ohwatch/sql"
	"ohwatch/transform"
	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

func TestMain(m *testing.M) { warehousetest.Main(m) }

// row is one row of a stream: columns and their values as SQL expressions.
type row map[string]string

// with returns the row with some columns set otherwise: name, value, name, value.
func (r row) with(pairs ...string) row {
	changed := maps.Clone(r)
	for i := 0; i < len(pairs); i += 2 {
		changed[pairs[i]] = pairs[i+1]
	}
	return changed
}

// city is a warehouse into which a test puts rows by hand.
type city struct {
	testing.TB
	db    *warehouse.DB
	batch int
	read  map[string]string // values by indicator, variant, period and township
	today time.Time
	files fs.FS // definitions with which the rules are evaluated; nil: all
}

func newCity(t testing.TB, today string) *city {
	t.Helper()
	if test, ok := t.(*testing.T); ok {
		test.Parallel()
	}
	return &city{TB: t, db: warehousetest.Open(t), today: day(today)}
}

// load publishes rows of a stream as one batch. A row may name its natural key in "key"; without one it is a
// fact of its own. Keys that were loaded before make a new version, "op" may say void.
func (c *city) load(stream string, rows ...row) int {
	return c.loadAt("2020-01-01 00:00:00", stream, rows...)
}

func (c *city) loadAt(at, stream string, rows ...row) int {
	c.Helper()
	c.batch++
	for i, r := range rows {
		full := row{
			"batch": fmt.Sprint(c.batch), "row": fmt.Sprint(i + 2), "version": fmt.Sprint(c.batch), "op": "'load'",
			"key_hash": fmt.Sprintf("sipHash64('%s %d %d')", stream, c.batch, i), "loaded_at": "'" + at + "'",
		}
		for name, value := range r {
			if name == "key" {
				name, value = "key_hash", fmt.Sprintf("sipHash64('%s', %s)", stream, value)
			}
			full[name] = value
		}
		columns := slices.Sorted(maps.Keys(full))
		values := make([]string, len(columns))
		for k, name := range columns {
			values[k] = full[name]
		}
		c.exec(fmt.Sprintf("INSERT INTO raw_%s (%s) VALUES (%s)", stream, strings.Join(columns, ", "), strings.Join(values, ", ")))
	}
	c.event(c.batch, stream, "published", at, len(rows))
	return c.batch
}

// loadMany is load for many rows with the same columns.
func (c *city) loadMany(stream string, rows []row) {
	c.Helper()
	c.batch++
	names := map[string]bool{}
	for _, r := range rows {
		for name := range r {
			names[name] = true
		}
	}
	columns := slices.Sorted(maps.Keys(names))
	tuples := make([]string, len(rows))
	for i, r := range rows {
		values := []string{itoa(c.batch), itoa(i + 2), "1", "'load'", fmt.Sprintf("sipHash64('%s %d %d')", stream, c.batch, i)}
		for _, name := range columns {
			value, ok := r[name]
			if !ok {
				value = "DEFAULT"
			}
			values = append(values, value)
		}
		tuples[i] = "(" + strings.Join(values, ", ") + ")"
	}
	c.exec(fmt.Sprintf("INSERT INTO raw_%s (batch, row, version, op, key_hash, %s) VALUES %s", stream, strings.Join(columns, ", "), strings.Join(tuples, ", ")))
	c.event(c.batch, stream, "published", "2020-01-01 00:00:00", len(rows))
}

func (c *city) event(batch int, stream, state, at string, n int) {
	c.Helper()
	c.exec(fmt.Sprintf(`INSERT INTO ops_batch (batch, at, state, stream, file, received_at, n_read, n_loaded)
		VALUES (%d, '%s', '%s', '%s', 'hand.csv', '%s', %d, %d)`, batch, at, state, stream, at, n, n))
}

func (c *city) exec(statement string) {
	c.Helper()
	if err := c.db.ExecSQL(c.Context(), statement); err != nil {
		c.Fatalf("%s: %v", statement, err)
	}
}

// run computes everything but the series and the surveillance readings, which tests ask for with runOnly: each costs a query,
// and there are many.
func (c *city) run() transform.Result {
	c.Helper()
	return c.runWith(targets())
}

// targets are the definitions with the target indicators only, and without series.
func targets() fs.FS {
	return picked{FS: ohsql.FS(), ids: targetIDs()}
}

func targetIDs() []string {
	return []string{"T1", "T2", "T3", "T4a", "T4b", "T5", "T5-I", "T6", "T7", "T8"}
}

func (c *city) runWith(files fs.FS) transform.Result {
	c.Helper()
	result, err := transform.Run(c.Context(), c.db, transform.Options{Today: c.today, Files: files})
	if err != nil {
		c.Fatal(err)
	}
	return result
}

// want compares "numerator/denominator" of the city's (or another stratum's) reading.
func (c *city) want(indicator, variant, period, want string, stratum ...string) {
	c.Helper()
	dim, value := "", ""
	if len(stratum) == 2 {
		dim, value = stratum[0], stratum[1]
	}
	got := c.query(fmt.Sprintf(`SELECT concat(toString(numerator), '/', ifNull(toString(denominator), '-')) FROM ind_value
		WHERE indicator = '%s' AND variant = '%s' AND period = '%s' AND dim = '%s' AND dim_value = '%s'`,
		indicator, variant, period, dim, value))
	if got != want {
		c.Errorf("%s %s %s %v = %s, want %s", indicator, variant, period, stratum, got, want)
	}
}

// same is want for a township, from a copy of the values that is read once.
func (c *city) same(indicator, variant, period, want, town string) bool {
	c.Helper()
	if c.read == nil {
		c.read = map[string]string{}
		for line := range strings.SplitSeq(c.query(`SELECT concat(indicator, ' ', variant, ' ', period, ' ', dim_value, '=', toString(numerator), '/', toString(denominator))
			FROM ind_value WHERE dim = 'township' AND denominator IS NOT NULL`), "\n") {
			key, value, _ := strings.Cut(line, "=")
			c.read[key] = value
		}
	}
	got := c.read[strings.Join([]string{indicator, variant, period, town}, " ")]
	if got != want {
		c.Errorf("%s %s %s %s = %s, want %s", indicator, variant, period, town, got, want)
	}
	return got == want
}

// query returns the first column of a result, one value a line.
func (c *city) query(statement string) string {
	c.Helper()
	rows, err := c.db.QuerySQL(c.Context(), statement)
	if err != nil {
		c.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			c.Fatalf("%s: %v", statement, err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		c.Fatalf("%s: %v", statement, err)
	}
	return strings.Join(lines, "\n")
}

// Hazards used in the tests: silica dust (exam every 12 months), welding fume (36 months), noise (12 months),
// toluene (mandatory until 2026-07-31 only).
const (
	silica = "HZ-1-001"
	fume   = "HZ-1-011"
	noise  = "HZ-3-001"
)

func quote(text string) string { return "'" + text + "'" }

func itoa[N int | float64](n N) string { return fmt.Sprint(n) }

// list is an array of texts.
func list(texts ...string) string {
	if len(texts) == 0 {
		return "[]"
	}
	return "['" + strings.Join(texts, "', '") + "']"
}

// person is the pseudonym of person n.
func person(n int) string { return fmt.Sprintf("toUUID('00000000-0000-0000-0000-%012d')", n) }

// employer is an active general-risk machine works with ten exposed workers.
func employer(key string) row {
	return row{
		"employer_key": quote(key), "employer_name": quote("厂" + key), "workplace_no": "1", "township_code": "'410184106'",
		"industry_code": "'C3484'", "size_class": "'small'", "employees": "20", "exposed_total": "10",
		"risk_class": "'general'", "status": "'active'", "start_date": "'2010-01-01'",
	}
}

func declaration(key, date, workshop, post, hazard string, exposed int) row {
	return row{
		"employer_key": quote(key), "declaration_no": quote(key + date), "declare_date": quote(date), "accept_date": quote(date),
		"workshop": quote(workshop), "post": quote(post), "hazard": quote(hazard), "exposed": fmt.Sprint(exposed),
	}
}

func exam(key string, n int, kind, date string, hazards ...string) row {
	return row{
		"employer_key": quote(key), "using_key": quote(key), "institution_code": "'I1'", "person_key": person(n),
		"exam_no": quote(fmt.Sprintf("%d-%s", n, date)), "report_card_id": quote(fmt.Sprintf("%d-%s-%s", n, date, kind)),
		"exam_type": quote(kind), "exam_date": quote(date), "hazards_exposed": list(hazards...),
		"hazards_examined": list(hazards...), "conclusion_overall": "'normal'", "report_date": quote(date), "upload_date": quote(date),
	}
}

func detection(key, kind, date, workshop, post, hazard string) row {
	return row{
		"employer_key": quote(key), "report_no": quote("R" + date), "test_kind": quote(kind), "sample_date": quote(date),
		"issue_date": quote(date), "workshop": quote(workshop), "post": quote(post), "hazard": quote(hazard),
		"institution_code": "'D1'", "sample_no": quote(date + workshop + post + hazard),
	}
}
