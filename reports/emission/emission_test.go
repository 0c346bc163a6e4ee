package emission_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/xuri/excelize/v2"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/schedule"
	"ohwatch/reports/delivery"
	"ohwatch/reports/emission"
	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

// killVariable says to a child of the test which step of an emission it shall be killed before: DSN, folder, name, step, webhook.
const killVariable = "OHWATCH_TEST_EMIT"

func TestMain(m *testing.M) {
	if text := os.Getenv(killVariable); text != "" {
		if err := emitAndDie(context.Background(), strings.Split(text, "\x1f")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	warehousetest.Main(m)
}

const hostile = `=1+1</td><script>alert(1)</script>`

func document(name string) emission.Document {
	w := emission.Warning{
		ID: "R27-96f00e7c", Rule: "R27", Version: "1", Severity: "orange", ObjectKind: "employer", Object: "91410184X", ObjectName: name,
		Area: "410184106", Addressee: []string{"EMP", "TS"}, FirstSeen: "2026-11-15", Due: "2026-12-15", State: "new", Title: name, TitleEn: name,
		Evidence: []string{"detection:2:6"}, NEvidence: 1,
	}
	late := w
	late.ID, late.Severity, late.Late, late.Knowable, late.Due = "R27-96f00e7d", "yellow", true, "2026-10-04", ""
	return emission.Document{
		City: "410184", OrganisationZh: "新郑市卫生健康委员会", OrganisationEn: "Xinzheng Health Commission", Week: "2026-W46", From: "2026-11-09", To: "2026-11-15",
		Complete: true, Warnings: []emission.Warning{w, late},
	}
}

// schema is the one that docs/ shows.
func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	s, err := jsonschema.NewCompiler().Compile(filepath.Join("..", "..", "docs", "warnings.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fits says what is wrong with a document by the schema.
func fits(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(value)
}

func TestFiles(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	db := warehousetest.Open(t)
	if _, err := emission.Find(t.Context(), db, "2026-W46"); !errors.Is(err, emission.ErrNotEmitted) {
		t.Errorf("of a week that was not emitted: %v", err)
	}
	text, err := emission.Freeze(t.Context(), db, document(hostile), "li")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := emission.Freeze(t.Context(), db, document("changed since"), "li"); err != nil || !bytes.Equal(text, again) {
		t.Errorf("frozen again with other content: %v\n%s", err, again)
	}
	s := schema(t)
	if err := fits(t, s, text); err != nil {
		t.Error(err)
	}
	for _, change := range [][2]string{
		{`"severity": "orange"`, `"severity": "purple"`},
		{`"id": "R27-96f00e7c"`, `"id": "R27"`},
		{`"late": true`, `"late": "yes"`},
		{`"complete": true`, `"complete": false`},
		{`"week": "2026-W46"`, `"weak": "2026-W46"`},
	} {
		if wrong := strings.Replace(string(text), change[0], change[1], 1); wrong == string(text) || fits(t, s, []byte(wrong)) == nil {
			t.Errorf("%s passes the schema", change[1])
		}
	}
	incomplete := document("x")
	incomplete.Week, incomplete.Complete, incomplete.Broken, incomplete.Warnings = "2026-W47", false, []string{"rules/R01.sql: line 3: no"}, nil
	broken, err := emission.Freeze(t.Context(), db, incomplete, "li")
	if err != nil || fits(t, s, broken) != nil {
		t.Errorf("an incomplete week: %v, %v", err, fits(t, s, broken))
	}

	for severity, want := range map[string]bool{"red": false, "orange": true, "blue": true, "": false} {
		if got, err := emission.HasAtLeast(text, severity); err != nil || got != want {
			t.Errorf("at least %q: %v, %v", severity, got, err)
		}
	}
	files, err := emission.Files(text, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	again, err := emission.Files(text, catalogue)
	if err != nil || cmp.Diff(files, again) != "" {
		t.Errorf("the same document makes other bytes: %v", err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
	}
	if diff := cmp.Diff([]string{"warnings-2026-W46.json", "warnings-2026-W46.csv", "warnings-2026-W46.xlsx", "warnings-2026-W46.html"}, names); diff != "" {
		t.Error(diff)
	}
	rows, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(files[1].Data, []byte("\ufeff")))).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][2] != "'"+hostile || rows[2][12] != "2026-10-04" {
		t.Errorf("csv: %v %q", err, rows)
	}
	book, err := excelize.OpenReader(bytes.NewReader(files[2].Data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	if cell, err := book.GetCellValue("2026-W46", "C2"); err != nil || cell != hostile {
		t.Errorf("xlsx: %q, %v", cell, err)
	}
	page := string(files[3].Data)
	if strings.Contains(page, "<script") || !strings.Contains(page, "R27-96f00e7c") || !strings.Contains(page, "could have been known on</span> 2026-10-04") {
		t.Errorf("page: %s", page)
	}
	if _, err := emission.Files([]byte(`{"schema":"other"}`), catalogue); err == nil {
		t.Error("a document of another schema was rendered")
	}
}

// TestParts gives to each addressee what is its own, in files that hold to the schema.
func TestParts(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := document("x")
	d.Warnings[1].Area, d.Warnings[1].Addressee = "410184107", []string{"TS", "WJW"}
	d.Schema, d.FrozenAt, d.Broken = emission.Schema, "2026-11-16T00:00:00Z", []string{}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := emission.Parts(text, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, p := range parts {
		var own emission.Document
		if err := json.Unmarshal(p.Files[0].Data, &own); err != nil || fits(t, schema(t), p.Files[0].Data) != nil {
			t.Fatal(err, fits(t, schema(t), p.Files[0].Data))
		}
		for _, w := range own.Warnings {
			got[p.Folder()] += w.ID + " "
		}
		if len(p.Files) > 4 {
			if err := json.Unmarshal(p.Files[4].Data, &own); err != nil || fits(t, schema(t), p.Files[4].Data) != nil || p.Files[4].Name != "scorecard-2026-W46.json" {
				t.Fatal(err, fits(t, schema(t), p.Files[4].Data), p.Files[4].Name)
			}
			for _, w := range own.Warnings {
				got[p.Folder()] += "list " + w.ID + " "
			}
		}
	}
	if diff := cmp.Diff(map[string]string{
		"EMP": "R27-96f00e7c ", "TS-410184106": "R27-96f00e7c ", "TS-410184107": "R27-96f00e7d list R27-96f00e7d ", "WJW": "R27-96f00e7d ",
	}, got); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
}

// TestParts_Budget puts each warning into exactly one place of the part of each addressee, and what is listed for anybody into the scorecard
// of its township; the city hears the advice.
func TestParts_Budget(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := document("x")
	d.Schema, d.FrozenAt, d.Broken = emission.Schema, "2026-11-16T00:00:00Z", []string{}
	orange, yellow := d.Warnings[0], d.Warnings[1]
	orange.Addressee, orange.Listed = []string{"JDS", "EMP"}, []string{"JDS"}
	held, city := orange, orange
	held.ID, held.Addressee, held.Listed = "R24-00000001", []string{"JDS", "TS"}, []string{}
	city.ID, city.Area, city.Severity, city.Addressee, city.Listed = "R26-00000001", "410184", "red", []string{"WJW"}, []string{"WJW"}
	yellow.Listed = []string{}
	d.Warnings = []emission.Warning{city, orange, held, yellow}
	full := emission.Use{Budget: 1, Raised: 2, Sent: 1, Listed: 1}
	d.Budget = &emission.Budget{
		Month: "2026-11", Addressees: []emission.Account{
			{Addressee: "JDS", Orange: full}, {Addressee: "TS", Area: "410184106", Orange: full}, {Addressee: "EMP", Orange: emission.Use{Budget: -1, Raised: 1, Sent: 1}},
		},
		Advice: []emission.Advice{{Rule: "R27", Severity: "orange", Raised: 2, Listed: 1, Parameter: "late_days", Value: "90", Proposed: "120", Params: []string{"late_days"}}},
	}
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	s := schema(t)
	if err := fits(t, s, text); err != nil {
		t.Error(err)
	}
	parts, err := emission.Parts(text, catalogue)
	if err != nil {
		t.Fatal(err)
	}
	ids := func(ws []emission.Warning) (names string) {
		for _, w := range ws {
			names += " " + w.ID
		}
		return names
	}
	got := map[string]string{}
	for _, p := range parts {
		for i := 0; i < len(p.Files); i += 4 {
			var own emission.Document
			if err := json.Unmarshal(p.Files[i].Data, &own); err != nil || fits(t, s, p.Files[i].Data) != nil {
				t.Fatal(err, fits(t, s, p.Files[i].Data))
			}
			if len(own.Separate())+len(own.List()) != len(own.Warnings) {
				t.Errorf("%s: %d separate, %d in the list, %d in all", p.Folder(), len(own.Separate()), len(own.List()), len(own.Warnings))
			}
			got[p.Folder()+" "+p.Files[i].Name] = fmt.Sprintf("out%s, list%s, %d accounts, %d advice", ids(own.Separate()), ids(own.List()), len(own.Budget.Addressees), len(own.Budget.Advice))
			if page := string(p.Files[i+3].Data); strings.Contains(page, "late_days = 90 → 120") != (p.Folder() == "WJW") {
				t.Errorf("%s: advice on the page %s", p.Folder(), page)
			}
		}
	}
	if diff := cmp.Diff(map[string]string{
		"EMP warnings-2026-W46.json":           "out R27-96f00e7c, list R27-96f00e7d, 1 accounts, 0 advice",
		"JDS warnings-2026-W46.json":           "out R24-00000001, list R27-96f00e7c, 1 accounts, 0 advice",
		"TS-410184106 warnings-2026-W46.json":  "out R24-00000001, list R27-96f00e7d, 1 accounts, 0 advice",
		"TS-410184106 scorecard-2026-W46.json": "out, list R27-96f00e7c R27-96f00e7d, 1 accounts, 0 advice",
		"WJW warnings-2026-W46.json":           "out, list R26-00000001, 0 accounts, 1 advice",
		"WJW scorecard-2026-W46.json":          "out, list R26-00000001, 0 accounts, 1 advice",
	}, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
	if got := ids(d.Separate()); got != " R24-00000001" {
		t.Errorf("of the whole document %s go out", got)
	}
}

// steps of an emission: freezing, then four files, then the messages into the outbox, then sending, then done.
const steps = 8

// emitAndDie emits a week step by step in a process of its own, which kills itself before the step that is asked for.
func emitAndDie(ctx context.Context, args []string) error {
	dsn, dir, name := args[0], args[1], args[2]
	last, err := strconv.Atoi(args[3])
	if err != nil {
		return err
	}
	step := 0
	next := func() {
		if step == last {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
		step++
	}
	catalogue, err := message.Load()
	if err != nil {
		return err
	}
	db, err := warehouse.Open(ctx, warehouse.Config{DSN: dsn})
	if err != nil {
		return err
	}
	next()
	text, err := emission.Freeze(ctx, db, document(name), name)
	if err != nil {
		return err
	}
	files, err := emission.Files(text, catalogue)
	if err != nil {
		return err
	}
	for i := range files {
		next()
		if _, err := emission.Write(dir, files[i:i+1]); err != nil {
			return err
		}
	}
	next()
	cfg := config.Default()
	cfg.Delivery.Channels = map[string]config.Channel{"hook": {Kind: "webhook", URL: args[4], Secret: "x"}}
	parts, err := emission.Parts(text, catalogue)
	if err != nil {
		return err
	}
	for _, part := range parts {
		notice := emission.Notice{Kind: emission.KindWeek, Part: part}
		messages, err := notice.Messages([]config.Target{{Channel: "hook"}}, cfg.Delivery.Channels, catalogue)
		if err != nil {
			return err
		}
		if _, err := delivery.Enqueue(ctx, db, name, messages...); err != nil {
			return err
		}
	}
	next()
	outbox := &delivery.Outbox{DB: db, Channels: delivery.Channels(cfg), Locks: schedule.Locks{Dir: filepath.Join(dir, "locks"), Now: time.Now}}
	if _, err := outbox.Flush(ctx, name); err != nil {
		return err
	}
	next()
	return db.Close()
}

// TestEmit_KilledBetweenEveryTwoSteps emits the same week again and again, each time with other content and killed one
// step later. What the first one froze is what everybody gets, each addressee once. (Kills inside the sending are tested with the outbox.)
func TestEmit_KilledBetweenEveryTwoSteps(t *testing.T) {
	db := warehousetest.Open(t)
	dir := t.TempDir()
	arrived := make(chan string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var m struct {
			Addressee string
			Data      emission.Document
		}
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		arrived <- m.Addressee + " " + m.Data.Warnings[0].Title
	}))
	defer server.Close()
	for last := range steps + 1 {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), killVariable+"="+strings.Join([]string{db.DSN(), dir, fmt.Sprint("try ", last), fmt.Sprint(last), server.URL}, "\x1f"))
		out, err := c.CombinedOutput()
		var exit *exec.ExitError
		killed := errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL
		if killed != (last < steps) {
			t.Fatalf("killed before step %d: %v, %v\n%s", last, killed, err, out)
		}
		found, err := filepath.Glob(filepath.Join(dir, "warnings-*"))
		if err != nil || len(found) != min(max(last-1, 0), 4) {
			t.Errorf("killed before step %d: files %q, %v", last, found, err)
		}
	}
	text, err := emission.Find(t.Context(), db, "2026-W46")
	if err != nil {
		t.Fatal(err)
	}
	var d emission.Document
	if err := json.Unmarshal(text, &d); err != nil || d.Warnings[0].Title != "try 1" {
		t.Errorf("emitted is %s, %v", d.Warnings[0].Title, err)
	}
	written, err := os.ReadFile(filepath.Join(dir, "warnings-2026-W46.json"))
	if err != nil || !bytes.Equal(written, text) {
		t.Errorf("the file is not what was frozen: %v", err)
	}
	var n uint64
	if err := db.Conn().QueryRow(t.Context(), "SELECT count() FROM wrn_emission").Scan(&n); err != nil || n != 1 {
		t.Errorf("%d emissions, %v", n, err)
	}
	close(arrived)
	var got []string
	for message := range arrived {
		got = append(got, message)
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"EMP try 1", "TS-410184106 try 1"}, got); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
}
