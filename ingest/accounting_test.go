package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// code returns a valid credit code made of a number.
func code(n int) string {
	body := fmt.Sprintf("91419999MAX%06d", n)
	sum := 0
	for i, w := range usccWeights {
		sum += int(usccValues[body[i]]) * w
	}
	return body + string(usccAlphabet[(31-sum%31)%31])
}

// sums is the accounting of one batch.
type sums struct{ read, loaded, corrected, voided, unchanged, rejected int }

func (r Result) sums() sums {
	return sums{r.Read, r.Loaded, r.Corrected, r.Voided, r.Unchanged, r.Rejected}
}

// The accounting of random files, sent in random order, again and in one load or several, equals that of a model that is
// a map from key to content; a dry run says the same beforehand; and the warehouse holds, batch by batch, exactly the
// rows that the sums say. It makes no difference whether facts are held in memory or looked up, nor how many
// rows are read, looked up and written together.
func TestLoad_AccountingEqualsModel(t *testing.T) {
	d := newDesk(t)
	employer := 0
	rapid.Check(t, func(t *rapid.T) {
		employer++
		model := map[string]fact{}
		versions := 0
		var paths, texts []string
		var wants []sums
		for file := range rapid.IntRange(1, 3).Draw(t, "files") {
			text, want := randomFile(t, employer, file, model, &versions)
			paths = append(paths, d.file(fmt.Sprintf("%d-%d.csv", employer, file), text))
			texts, wants = append(texts, text), append(wants, want)
		}
		if again := rapid.IntRange(0, len(paths)).Draw(t, "again"); again < len(paths) && wants[again].changed() > 0 {
			paths, texts = append(paths, paths[again]), append(texts, "again "+texts[again])
			wants = append(wants, sums{read: wants[again].read, unchanged: wants[again].read})
		}
		indexed := rapid.SampledFrom([]uint64{0, 3, maxIndexed}).Draw(t, "indexed")
		window, chunk := rapid.IntRange(1, 6).Draw(t, "window"), rapid.IntRange(1, 5).Draw(t, "chunk")
		tune := func(l *Loader) { l.indexed, l.window, l.chunk = indexed, window, chunk }
		apart := rapid.IntRange(0, len(paths)).Draw(t, "apart")
		dry := d.loadWith(Config{DryRun: true}, tune, paths...)
		results := append(d.loadWith(Config{}, tune, paths[:apart]...), d.loadWith(Config{}, tune, paths[apart:]...)...)
		for i, want := range wants {
			if i >= len(results) || results[i].sums() != want || dry[i].sums() != want {
				t.Fatalf("files\n%s\nare %+v, dry %+v, want %+v", strings.Join(texts, "\n"), results, dry, wants)
			}
			if got := d.stored(results[i].Batch); got != [4]int{want.loaded, want.corrected, want.voided, want.rejected} {
				t.Fatalf("files\n%s\nbatch %d stored as %v, want %+v", strings.Join(texts, "\n"), i, got, want)
			}
		}
		var stored uint64
		err := d.db.Conn().QueryRow(context.Background(), "SELECT count() FROM raw_insurance WHERE employer_key = ?", code(employer)).Scan(&stored)
		if err != nil || int(stored) != versions {
			t.Fatalf("%d versions stored (%v), want %d", stored, err, versions)
		}
	})
}

// stored counts the rows of a batch as they stand in the warehouse: loaded, corrected, voided and rejected.
func (d *desk) stored(batch uint64) [4]int {
	d.t.Helper()
	var n [4]uint64
	err := d.db.Conn().QueryRow(context.Background(), `SELECT countIf(op = 'load'), countIf(op = 'correct'), countIf(op = 'void'),
		(SELECT uniqExact(row) FROM ops_finding WHERE batch = $1 AND severity = 'reject') FROM raw_insurance WHERE batch = $1`, batch).Scan(&n[0], &n[1], &n[2], &n[3])
	if err != nil {
		d.t.Fatal(err)
	}
	return [4]int{int(n[0]), int(n[1]), int(n[2]), int(n[3])}
}

// changed is how many rows of a batch changed the warehouse.
func (s sums) changed() int { return s.loaded + s.corrected + s.voided + s.rejected }

// randomFile makes a file and books its rows in the model.
func randomFile(t *rapid.T, employer, file int, model map[string]fact, versions *int) (string, sums) {
	var text strings.Builder
	var want sums
	said := map[string][]string{} // by key, what the sound rows say in order; "void" for a void
	// No two files have the same bytes: those would not be read again.
	fmt.Fprintf(&text, "统一社会信用代码,参保月份,参保人数,应参保人数,记录状态,备注\n")
	for range rapid.IntRange(1, 16).Draw(t, "rows") {
		month := fmt.Sprintf("2025-%02d", rapid.IntRange(1, 4).Draw(t, "month"))
		count := fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "count"))
		state := rapid.SampledFrom([]string{"", "", "", "修改", "作废", "坏", "合计"}).Draw(t, "state")
		bad := rapid.IntRange(0, 9).Draw(t, "bad") == 0
		want.read++
		switch {
		case state == "合计":
			want.rejected++
			fmt.Fprintf(&text, "合计,,%s,,,%d-%d\n", count, employer, file)
			continue
		case state == "作废": // only the key of a void counts
			said[month] = append(said[month], "void")
		case bad || state == "坏":
			want.rejected++
		default:
			said[month] = append(said[month], count)
		}
		if bad {
			count = "很多"
		}
		fmt.Fprintf(&text, "%s,%s,%s,,%s,%d\n", code(employer), month, count, state, file)
	}
	for key, contents := range said {
		model[key] = want.book(model[key], contents, versions)
	}
	return text.String(), want
}

// fact is what the model knows of a key: its content, "" when there is none, and how many versions it had.
type fact struct {
	content string
	n       int
}

// book counts what the rows of one file say of a fact, in order, and returns the fact after them.
func (s *sums) book(f fact, contents []string, versions *int) fact {
	changed := false
	for i := 0; i < len(contents); i++ {
		content := contents[i]
		// A fact that has had several versions is left alone by rows that change it and change it back.
		if f.n > 0 && content != f.content && content != "void" && !changed && (f.n > 1 || f.content == "void") {
			if back := slices.IndexFunc(contents[i:], func(c string) bool { return c == f.content || c == "void" }); back > 0 && contents[i+back] == f.content {
				s.unchanged += back + 1
				i += back
				continue
			}
		}
		switch {
		case content == "void" && f.n == 0:
			s.rejected++
			continue
		case f.n > 0 && f.content == content:
			s.unchanged++
			continue
		case content == "void":
			s.voided++
		case f.n > 0:
			s.corrected++
		default:
			s.loaded++
		}
		f, changed = fact{content, f.n + 1}, true
		*versions++
	}
	return f
}

// A file in which rows correct one another changes nothing when it comes again in other bytes; when it comes without the last word, it does.
func TestLoad_OwnCorrectionsAgain(t *testing.T) {
	const head = "统一社会信用代码,参保月份,参保人数,记录状态\n"
	row := func(month, count int, state string) string {
		return fmt.Sprintf("%s,2025-%02d,%d,%s\n", code(1), month, count, state)
	}
	first := head + row(1, 80, "") + row(2, 80, "") + row(1, 81, "") + row(3, 7, "") + row(2, 82, "") + row(2, 83, "") + row(3, 7, "作废")
	for _, indexed := range []uint64{0, maxIndexed} {
		d := newDesk(t)
		load := func(name, text string) sums {
			return d.loadWith(Config{}, func(l *Loader) { l.indexed, l.window, l.chunk = indexed, 2, 2 }, d.file(name, text))[0].sums()
		}
		if got := load("a.csv", first); got != (sums{read: 7, loaded: 3, corrected: 3, voided: 1}) {
			t.Errorf("first: %+v", got)
		}
		if got := load("b.csv", first+"\n"); got != (sums{read: 7, unchanged: 7}) {
			t.Errorf("in other bytes: %+v", got)
		}
		if got := load("c.csv", head+row(1, 80, "")+row(2, 80, "")+row(2, 83, "")); got != (sums{read: 3, corrected: 1, unchanged: 2}) {
			t.Errorf("one without its last word: %+v", got)
		}
		var count uint32
		if err := d.db.Conn().QueryRow(t.Context(), "SELECT insured_count FROM raw_insurance WHERE toMonth(period) = 1 ORDER BY batch DESC, row DESC LIMIT 1").Scan(&count); err != nil || count != 80 {
			t.Errorf("January says %d (%v), want 80", count, err)
		}
	}
}

func TestLoad_SameFileTwice(t *testing.T) {
	d := newDesk(t)
	text := "统一社会信用代码,参保月份,参保人数\n" + code(1) + ",2025-03,80\n" + code(2) + ",2025-03,x\n"
	first := d.load(Config{}, d.file("a.csv", text))[0]
	if got := first.sums(); got != (sums{read: 2, loaded: 1, rejected: 1}) {
		t.Errorf("first: %+v", got)
	}
	if got := d.load(Config{}, d.file("b.csv", text))[0].sums(); got != (sums{read: 2, unchanged: 2}) {
		t.Errorf("again: %+v", got)
	}
	if got := d.load(Config{}, d.file("c.csv", text+"\n"))[0].sums(); got != (sums{read: 2, unchanged: 1, rejected: 1}) {
		t.Errorf("other bytes: %+v", got)
	}
	if _, err := Revert(t.Context(), d.db, d.dir, first.Batch, "test", "wrong sender"); err != nil {
		t.Fatal(err)
	}
	if _, err := Revert(t.Context(), d.db, d.dir, first.Batch, "test", "again"); err == nil {
		t.Error("a batch was taken back twice")
	}
	// The third file has said the row again, so that it stays; when it is taken back too, nothing says it.
	if got := d.load(Config{}, d.file("d.csv", text))[0].sums(); got != (sums{read: 2, unchanged: 1, rejected: 1}) {
		t.Errorf("after taking it back: %+v", got)
	}
	for _, number := range []uint64{3, 4} {
		if _, err := Revert(t.Context(), d.db, d.dir, number, "test", "wrong too"); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.load(Config{}, d.file("e.csv", text))[0].sums(); got != (sums{read: 2, loaded: 1, rejected: 1}) {
		t.Errorf("after taking all back: %+v", got)
	}
}

func TestLoad_DryRunCountsLikeTheLoadAndStoresNothing(t *testing.T) {
	d := newDesk(t)
	path := d.file("a.csv", "统一社会信用代码,参保月份,参保人数\n"+code(1)+",2025-03,80\n"+code(1)+",2025-03,81\n"+code(2)+",2025-13,1\n")
	dry := d.load(Config{DryRun: true}, path)[0]
	var rows uint64
	if err := d.db.Conn().QueryRow(t.Context(), "SELECT (SELECT count() FROM raw_insurance) + (SELECT count() FROM ops_batch) + (SELECT count() FROM ops_finding)").Scan(&rows); err != nil || rows != 0 {
		t.Errorf("a dry run left %d rows (%v)", rows, err)
	}
	if _, err := os.Stat(filepath.Join(d.dir, "files")); err == nil {
		t.Error("a dry run kept the file")
	}
	real := d.load(Config{}, path)[0]
	if dry.sums() != real.sums() || dry.State != "checked" || real.State != statePublished {
		t.Errorf("dry run %+v, load %+v", dry, real)
	}
}

func TestOpen_OneLoadAtATime(t *testing.T) {
	d := newDesk(t)
	cfg := Config{DB: d.db, Dir: d.dir, Today: testToday}
	l, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg); err != ErrBusy {
		t.Errorf("second load: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Stream = "weather"
	if _, err := Open(t.Context(), cfg); err == nil {
		t.Error("an unknown stream was accepted")
	}
}

// A stream too large for the index is looked up in the warehouse, with the same result.
func TestLoad_LooksUpLargeStreams(t *testing.T) {
	d := newDesk(t)
	first := d.file("a.csv", "统一社会信用代码,参保月份,参保人数\n"+code(1)+",2025-03,80\n"+code(2)+",2025-03,80\n"+code(3)+",2025-03,80\n")
	d.load(Config{}, first)
	l, err := Open(t.Context(), Config{DB: d.db, Dir: d.dir, Today: testToday})
	if err != nil {
		t.Fatal(err)
	}
	l.indexed = 2
	head := "统一社会信用代码,参保月份,参保人数,记录状态\n"
	paths := []string{
		d.file("b.csv", head+code(1)+",2025-03,80,\n"+code(2)+",2025-03,81,\n"+code(4)+",2025-03,1,\n"+code(3)+",2025-03,,作废\n"),
		d.file("c.csv", head+code(4)+",2025-03,1,\n"+code(2)+",2025-03,82,\n"+code(3)+",2025-03,,删除\n"),
	}
	var got []sums
	err = l.Load(t.Context(), paths, func(r Result) error {
		got = append(got, r.sums())
		return nil
	})
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	want := []sums{{read: 4, loaded: 1, corrected: 1, voided: 1, unchanged: 1}, {read: 3, corrected: 1, unchanged: 2}}
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}
