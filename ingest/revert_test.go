package ingest

import (
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	ohsql "ohwatch/sql"
)

// naiveBatch is a batch as the naive model keeps it: what it asserted, row by row, and when it counted.
type naiveBatch struct {
	number              uint64
	text                string
	rows                [][2]string // month, count; an empty count is a void
	repeats             bool        // the same bytes as a batch that counted: it says nothing of its own
	changed             bool
	published, reverted int // step; 0: never
}

// naive is the log of batches in memory. What counts at a step is the batches that counted then, replayed.
type naive []*naiveBatch

func (n naive) at(step int) map[string]string {
	present := map[string]string{}
	for _, b := range n {
		if b.repeats || b.published > step || b.reverted != 0 && b.reverted <= step {
			continue
		}
		for _, row := range b.rows {
			present[row[0]] = row[1]
		}
	}
	return present
}

// Random sequences of load, correct, void, take back and load again, against the naive model: after each step,
// and as of each step at the end, the model's rows are those that stg_insurance has.
func TestRevert_EqualsReplay(t *testing.T) {
	d := newDesk(t)
	const steps = 9
	for seed := range uint64(7) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			employer := code(int(9000 + seed))
			var model naive
			instants := []time.Time{time.Now()}
			lastRevert := 0
			for step := 1; step <= steps; step++ {
				counting := slices.DeleteFunc(slices.Clone(model), func(b *naiveBatch) bool { return b.reverted != 0 })
				var done string
				switch choice := random.IntN(10); {
				case choice < 3 && len(counting) > 0:
					b := counting[random.IntN(len(counting))]
					if _, err := Revert(t.Context(), d.db, d.dir, b.number, "test", "at random"); err != nil {
						t.Fatal(err)
					}
					b.reverted, lastRevert = step, step
					done = fmt.Sprint("take back ", b.number)
				default:
					b := &naiveBatch{published: step}
					if choice < 5 && len(model) > 0 {
						b.text = model[random.IntN(len(model))].text
						done = "again "
					} else {
						b.text = randomInsurance(random, employer, step)
					}
					b.repeats = slices.ContainsFunc(counting, func(o *naiveBatch) bool {
						return o.text == b.text && o.changed && o.published > lastRevert
					})
					present := model.at(step)
					for _, row := range rowsOf(b.text) {
						if _, known := present[row[0]]; row[1] != "" || known {
							b.rows = append(b.rows, row)
							present[row[0]] = row[1]
						}
					}
					r := d.load(Config{}, d.file("a.csv", b.text))[0]
					if read := len(rowsOf(b.text)); r.Read != read || !b.repeats && r.Rejected != read-len(b.rows) {
						t.Fatalf("step %d: %+v of\n%s", step, r, b.text)
					}
					b.number, b.changed = r.Batch, r.Unchanged < r.Read
					model = append(model, b)
					done += fmt.Sprint("load ", b.number, " ", b.rows)
				}
				time.Sleep(2 * time.Millisecond)
				instants = append(instants, time.Now())
				time.Sleep(2 * time.Millisecond)
				t.Logf("step %d: %s", step, done)
				d.compare(t, employer, step, instants[step], model)
			}
			for step := range instants {
				d.compare(t, employer, step, instants[step], model)
			}
		})
	}
}

// randomInsurance is a file about a few months; the step makes its bytes its own.
func randomInsurance(random *rand.Rand, employer string, step int) string {
	var b strings.Builder
	b.WriteString("统一社会信用代码,参保月份,参保人数,记录状态,备注\n")
	for range 1 + random.IntN(5) {
		state := ""
		if random.IntN(4) == 0 {
			state = "作废"
		}
		fmt.Fprintf(&b, "%s,2025-%02d,%d,%s,%d\n", employer, 1+random.IntN(3), 1+random.IntN(2), state, step)
	}
	return b.String()
}

func rowsOf(text string) [][2]string {
	var rows [][2]string
	for _, line := range strings.Split(strings.TrimSpace(text), "\n")[1:] {
		cells := strings.Split(line, ",")
		if cells[3] != "" {
			cells[2] = ""
		}
		rows = append(rows, [2]string{cells[1], cells[2]})
	}
	return rows
}

// compare reads stg_insurance as of an instant, by the text of the model itself, and compares it with the naive
// model at that step.
func (d *desk) compare(t *testing.T, employer string, step int, at time.Time, model naive) {
	t.Helper()
	body := func(name string) string {
		text, err := fs.ReadFile(ohsql.FS(), "models/"+name+".sql")
		if err != nil {
			t.Fatal(err)
		}
		return "(" + string(text) + ")"
	}
	batches := body("stg_batch")
	query := strings.NewReplacer("FROM stg_batch", "FROM "+batches, "FROM stg_alias", "FROM (SELECT '' AS name, '' AS code WHERE 0)").Replace(body("stg_insurance"))
	rows, err := d.db.QuerySQL(t.Context(), "SELECT formatDateTime(period, '%Y-%m'), toString(insured_count) FROM "+query+" WHERE employer_key = {employer:String}",
		clickhouse.Named("employer", employer), clickhouse.Named("as_of", fmt.Sprintf("%d.%03d", at.Unix(), at.UnixMilli()%1000)))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	got := map[string]string{}
	for rows.Next() {
		var month, count string
		if err := rows.Scan(&month, &count); err != nil {
			t.Fatal(err)
		}
		if _, twice := got[month]; twice {
			t.Errorf("as of step %d: %s stands there twice", step, month)
		}
		got[month] = count
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	want := model.at(step)
	maps.DeleteFunc(want, func(_, count string) bool { return count == "" })
	if !maps.Equal(got, want) {
		t.Errorf("as of step %d: %v, want %v", step, got, want)
	}
}
