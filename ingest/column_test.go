package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ohwatch/internal/simulate"
	"ohwatch/warehouse"
)

// columnTypes are the types that the tables of streams may use.
var columnTypes = []string{
	"LowCardinality(String)", "String", "Array(LowCardinality(String))", "Array(String)", "Array(UUID)", "UUID", "Nullable(UUID)",
	"Date32", "Nullable(Date32)", "Bool", "Nullable(Bool)", "UInt8", "Nullable(UInt8)", "UInt16", "Nullable(UInt16)",
	"UInt32", "Nullable(UInt32)", "Float64", "Nullable(Float64)",
}

// randomValue is a value that every type can take something from.
func randomValue(r *rand.Rand, words int) value {
	var v value
	if v.set = r.IntN(4) > 0; !v.set {
		return v
	}
	v.day = int32(r.IntN(60000) - 20000)
	v.num = float64(r.IntN(256))
	v.text = fmt.Sprintf("词%d", r.IntN(words))
	for range r.IntN(3) {
		v.list = append(v.list, fmt.Sprintf("词%d", r.IntN(words)))
		v.ids = append(v.ids, uuid.UUID{byte(r.IntN(256)), 15: byte(r.IntN(256))})
	}
	v.id = uuid.UUID{0: byte(r.IntN(256)), 7: byte(r.IntN(256)), 8: 1, 15: byte(r.IntN(256))}
	return v
}

// shown is a value as a query shows it in a column of the type.
func shown(typ string, v value) string {
	inner, nullable := strings.CutPrefix(typ, "Nullable(")
	inner = strings.TrimSuffix(inner, ")")
	if nullable && !v.set {
		return "NULL"
	}
	quoted := func(list []string) string {
		parts := make([]string, len(list))
		for i, s := range list {
			parts[i] = "'" + s + "'"
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	switch {
	case typ == "String" || typ == "LowCardinality(String)":
		return v.text
	case typ == "Array(UUID)":
		ids := make([]string, len(v.ids))
		for i, id := range v.ids {
			ids[i] = id.String()
		}
		return quoted(ids)
	case strings.HasPrefix(typ, "Array("):
		return quoted(v.list)
	case strings.HasPrefix(inner, "UUID"):
		return v.id.String()
	case strings.HasPrefix(inner, "Date32"):
		return timeOf(v.day).Format("2006-01-02")
	case strings.HasPrefix(inner, "Bool"):
		return fmt.Sprint(v.num != 0)
	}
	return fmt.Sprint(v.num)
}

// What builders lay out is what the warehouse holds afterwards, for every type, with few and with many texts,
// and when rows are dropped in between.
func TestBuilder_SendsEveryType(t *testing.T) {
	d := newDesk(t)
	for i, typ := range columnTypes {
		for _, words := range []int{3, 300, 70_000} {
			if words > 300 && typ != "LowCardinality(String)" {
				continue
			}
			table := fmt.Sprintf("sent_%d_%d", i, words)
			if err := d.db.ExecSQL(t.Context(), "CREATE TABLE "+table+" (n UInt32, v "+typ+") ENGINE = MergeTree ORDER BY n"); err != nil {
				t.Fatal(err)
			}
			rows := min(40*words, 200_000)
			r := rand.New(rand.NewPCG(uint64(i), uint64(words)))
			memory := newWords()
			blocks, err := d.db.Blocks(t.Context(), table, []string{"n", "v"})
			if err != nil {
				t.Fatal(err)
			}
			defer blocks.Close()
			want := map[uint32]string{}
			for block := range 2 {
				b, err := newBuilder(typ, memory, rows)
				if err != nil {
					t.Fatal(err)
				}
				var numbers []uint32
				keep := make([]bool, rows)
				for n := range rows {
					v := randomValue(r, words)
					b.add(&v)
					if keep[n] = block == 0 || r.IntN(3) > 0; keep[n] {
						number := uint32(block*rows + n)
						numbers = append(numbers, number)
						want[number] = shown(typ, v)
					}
				}
				apart := b.pick(keep).native()
				b.keep(keep)
				if !reflect.DeepEqual(apart, b.native()) {
					t.Errorf("%s with %d words: the rows picked are not those kept", typ, words)
				}
				if err := blocks.Send(len(numbers), []warehouse.NativeColumn{{Bytes: appendNumbers(nil, numbers)}, b.native()}); err != nil {
					t.Fatalf("%s: %v", typ, err)
				}
			}
			if err := blocks.Commit(); err != nil {
				t.Fatalf("%s: %v", typ, err)
			}
			var texts []string
			var numbers []uint32
			err = d.db.Conn().QueryRow(t.Context(), "SELECT groupArray(n), groupArray(ifNull(toString(v), 'NULL')) FROM (SELECT * FROM "+table+" ORDER BY n)").Scan(&numbers, &texts)
			if err != nil {
				t.Fatal(err)
			}
			if len(numbers) != len(want) {
				t.Errorf("%s with %d words: %d rows, want %d", typ, words, len(numbers), len(want))
			}
			for i, n := range numbers {
				if texts[i] != want[n] {
					t.Errorf("%s with %d words: row %d is %s, want %s", typ, words, n, texts[i], want[n])
					break
				}
			}
		}
	}
}

// What a checker remembers of equal cells changes nothing: not the contents, not the findings.
func TestChecker_RemembersWithoutDifference(t *testing.T) {
	d := newDesk(t)
	path := filepath.Join(t.TempDir(), "exams.csv")
	var text bytes.Buffer
	if err := simulate.WriteExams(t.Context(), &text, 6000, 3); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := Open(t.Context(), Config{DB: d.db, Dir: d.dir, Today: testToday})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	type row struct {
		Line             uint32
		Key, Content     uint64
		Notes, Sealed    string
		State            uint8
		Warned, Rejected bool
		Findings         []string
	}
	read := func(forgetful bool) (rows []row) {
		decoded, err := decode(t.Context(), l.decoding(), path, int64(text.Len()))
		if err != nil {
			t.Fatal(err)
		}
		defer decoded.close()
		sh, err := decoded.next()
		if err != nil {
			t.Fatal(err)
		}
		contract, h, err := l.header(sh)
		if err != nil {
			t.Fatal(err)
		}
		s, err := l.open(t.Context(), contract)
		if err != nil {
			t.Fatal(err)
		}
		sh.lines.kept = sh.lines.kept[h.first+h.rows:]
		table := newTable(sh.lines, sh.text, h.names, memory.DefaultAllocator)
		check := newChecker(s.plan, h)
		for {
			n := 1000
			if forgetful { // each row has a checker of its own, which has nothing to remember
				check, n = newChecker(s.plan, h), 1
			}
			rec, err := table.next(n)
			if errors.Is(err, io.EOF) {
				return rows
			}
			if err != nil {
				t.Fatal(err)
			}
			out, err := check.check(rec, rec, nil)
			if err != nil {
				t.Fatal(err)
			}
			rec.Release()
			found := map[uint32][]string{}
			for _, f := range out.findings {
				if f.code != "employer_discovered" || f.severity != note { // told once
					found[f.row] = append(found[f.row], fmt.Sprint(f.severity, f.code, f.field, f.value, f.args, f.key))
				}
			}
			for i, line := range out.rows {
				rows = append(rows, row{
					Line: line, Key: out.key[i], Content: out.content[i], Notes: fmt.Sprint(out.notes.lists[out.notes.of[i]]),
					State: out.state[i], Warned: out.warned[i], Findings: found[line],
				})
				delete(found, line)
			}
			for line, findings := range found {
				rows = append(rows, row{Line: line, Rejected: true, Findings: findings})
			}
		}
	}
	remembering, forgetful := read(false), read(true)
	for _, rows := range [][]row{remembering, forgetful} {
		slices.SortFunc(rows, func(a, b row) int { return int(a.Line) - int(b.Line) })
	}
	if diff := cmp.Diff(forgetful[:min(len(forgetful), len(remembering))], remembering); diff != "" {
		t.Errorf("(-without memory +with):\n%.4000s", diff)
	}
}
