package reports

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/warehouse"
	"ohwatch/warehouse/warehousetest"
)

func TestMain(m *testing.M) { warehousetest.Main(m) }

// insert puts rows of the named columns into a table.
func insert(t *testing.T, db *warehouse.DB, table string, columns []string, rows ...[]any) {
	t.Helper()
	batch, err := db.Conn().PrepareBatch(context.Background(), "INSERT INTO "+table+" ("+strings.Join(columns, ", ")+")")
	if err != nil {
		t.Fatal(err)
	}
	defer batch.Close()
	for _, values := range rows {
		if err := batch.Append(values...); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
}

// city is a small warehouse as the transform leaves it: models as views on the raw tables, values, warnings.
func city(t *testing.T) *warehouse.DB {
	t.Helper()
	db := warehousetest.Open(t)
	ctx := context.Background()
	for _, stream := range []string{"case_report", "declaration", "detection", "dose", "employer", "exam", "insurance", "training"} {
		if err := db.ExecSQL(ctx, "CREATE VIEW stg_"+stream+" AS SELECT * FROM raw_"+stream); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.ExecSQL(ctx, "CREATE VIEW fct_case AS SELECT person_key, disease, report_date FROM raw_case_report WHERE card_kind != 'suspected'"); err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 13, 2, 0, 0, 0, time.UTC)
	batches := []string{"batch", "at", "state", "stream", "file", "sha256", "sender", "received_at", "n_read", "n_loaded", "n_rejected"}
	hash := strings.Repeat("ab", 32)
	insert(t, db, "ops_batch", batches,
		[]any{uint64(1), at, "published", "exam", "a.csv", hash, "第一职业健康检查中心", at.AddDate(0, -3, 0), uint64(500), uint64(500), uint64(0)},
		[]any{uint64(2), at, "started", "exam", "b.csv", hash, "第一职业健康检查中心", at, uint64(0), uint64(0), uint64(0)},
		[]any{uint64(2), at, "published", "exam", "b.csv", hash, "第一职业健康检查中心", at, uint64(100), uint64(97), uint64(3)},
		[]any{uint64(3), at, "published", "dose", "c.csv", hash, "市放射卫生所", at, uint64(40), uint64(40), uint64(0)},
		[]any{uint64(4), at, "published", "dose", "d.csv", hash, "市放射卫生所", at, uint64(90), uint64(90), uint64(0)},
		[]any{uint64(4), at.Add(time.Hour), "reverted", "dose", "d.csv", hash, "市放射卫生所", at, uint64(90), uint64(90), uint64(0)})
	findings := []string{"batch", "stream", "severity", "sheet", "row", "code"}
	insert(t, db, "ops_finding", findings,
		[]any{uint64(2), "exam", "reject", "", uint32(4), "id_damaged"}, []any{uint64(2), "exam", "reject", "", uint32(4), "required"},
		[]any{uint64(2), "exam", "reject", "", uint32(5), "id_damaged"}, []any{uint64(2), "exam", "reject", "", uint32(9), "totals_row"},
		[]any{uint64(2), "exam", "warn", "", uint32(10), "name_differs"}, []any{uint64(4), "dose", "reject", "", uint32(9), "totals_row"})

	cases := []string{"batch", "row", "card_no", "card_kind", "report_kind", "person_key", "disease", "report_date", "hazard_text"}
	card := func(n int, kind string, day time.Time) []any {
		return []any{uint64(1), uint32(n), "c", kind, "new", uuid.NewSHA1(uuid.Nil, []byte{byte(n)}), "D1", day, "粉尘"}
	}
	date := func(year, month, day int) time.Time { return period.Date(year, time.Month(month), day) }
	insert(t, db, "raw_case_report", cases,
		card(1, "pneumoconiosis", date(2026, 11, 9)), card(2, "disease", date(2026, 11, 15)), // in the week
		card(3, "disease", date(2026, 11, 16)), card(4, "disease", date(2026, 11, 8)), // behind it, before it
		card(5, "disease", date(2026, 1, 1)), card(6, "disease", date(2025, 12, 31)), card(7, "disease", date(2025, 11, 15)), card(8, "disease", date(2024, 5, 5)),
		card(9, "suspected", date(2026, 11, 10)), card(10, "suspected", date(2026, 11, 3)), card(11, "suspected", date(2025, 11, 10)))

	warnings := []string{"id", "at", "event", "week", "rule", "severity", "object", "object_name", "area", "addressee", "due", "score", "args", "n_evidence"}
	due := date(2026, 11, 30)
	event := func(id string, hour int, event, week, severity string) []any {
		return []any{
			id, at.Add(time.Duration(hour) * time.Hour), event, week, "R15", severity, "91410184X", "宏达公司", "410184106",
			[]string{"EMP", "TS"},
			&due, 3.0,
			map[string]string{"days": "96"},
			uint32(4),
		}
	}
	insert(t, db, "wrn_event", warnings,
		event("fresh", 0, "opened", "2026-W46", "red"),
		event("old", 0, "opened", "2026-W40", "yellow"), event("old", 1, "seen_again", "2026-W46", "orange"),
		event("taken", 0, "opened", "2026-W44", "blue"), event("taken", 1, "acknowledged", "", "blue"),
		event("done", 0, "opened", "2026-W40", "red"), event("done", 1, "resolved", "2026-W45", "red"),
		event("later", 0, "opened", "2026-W47", "red"),
		event("again", 0, "opened", "2026-W30", "red"), event("again", 1, "resolved", "2026-W35", "red"), event("again", 2, "reopened", "2026-W46", "red"))

	catalog := []string{"indicator", "version", "variant", "is_headline", "title_zh", "title_en", "unit", "direction", "position"}
	insert(t, db, "ind_catalog", catalog, []any{"T3", "1", "strict", true, "体检率", "Exam rate", "share", "up", uint16(30)},
		[]any{"T3", "1", "lenient", false, "体检率", "Exam rate", "share", "up", uint16(30)},
		[]any{"T7", "1", "diagnosis", true, "新发职业病", "New cases", "count", "down", uint16(80)})
	values := []string{"indicator", "version", "variant", "period_kind", "period", "as_of_date", "area", "dim", "dim_value", "numerator", "denominator", "value", "lower", "upper", "target", "gap", "status"}
	value := func(indicator, variant, kind, name string, day time.Time, area, dim, place string, n, d float64) []any {
		x := []any{indicator, "1", variant, kind, name, day, area, dim, place, n, (*float64)(nil), number(n), number(0), number(1), (*float64)(nil), (*float64)(nil), "no_evidence"}
		if d > 0 {
			x[10], x[11], x[14], x[15], x[16] = number(d), number(n/d), number(.95), number(.95*d-n), "below"
		}
		return x
	}
	today := date(2026, 11, 16)
	insert(t, db, "ind_value", values,
		value("T3", "strict", "year", "2025", date(2025, 12, 31), "410184", "", "", 800, 1000),
		value("T3", "strict", "year", "2026", today, "410184", "", "", 850, 1000),
		value("T3", "lenient", "year", "2026", today, "410184", "", "", 900, 1000),
		value("T3", "strict", "month", "2026-10", date(2026, 10, 31), "410184", "", "", 840, 1000),
		value("T3", "strict", "quarter", "2026Q4", today, "410184", "", "", 850, 1000),
		value("T3", "strict", "year", "2026", today, "410184101", "township", "410184101", 90, 100),
		value("T3", "strict", "year", "2026", today, "410184102", "township", "410184102", 95, 100),
		value("T3", "strict", "year", "2026", today, "410184103", "township", "410184103", 90, 100),
		value("T3", "strict", "year", "2026", today, "410184104", "township", "410184104", 9, 19),
		value("T3", "strict", "year", "2026", today, "unassigned", "township", "unassigned", 5, 50),
		value("T7", "diagnosis", "year", "2025", date(2025, 12, 31), "410184", "", "", 12, 0),
		value("T7", "diagnosis", "year", "2026", today, "410184", "", "", 9, 0),
		value("T7", "diagnosis", "quarter", "2026Q4", today, "410184", "", "", 2, 0))

	detector := []string{"series", "stratum", "week", "week_start", "detector", "method", "observed", "judged_cases", "threshold", "alarm", "run"}
	for i, week := range period.Between(date(2026, 10, 26), date(2026, 11, 15), period.Week) {
		for _, name := range []string{"suspected_by_township", "exam_suspected_by_township"} { // the second is not drawn
			n := float64(i + 1)
			insert(t, db, "det_point", detector,
				[]any{name, "410184101", week.String(), week.Start, "auto", "window_scan", n, n, number(2.5), i == 2, uint64(1)},
				[]any{name, "410184101", week.String(), week.Start, "ears_c1", "ears_c1", n, n, number(9), true, uint64(1)},
				[]any{name, "410184102", week.String(), week.Start, "auto", "window_scan", 2.0, 2.0, number(1), true, uint64(1)}, // fewer than the rule asks for
				[]any{name, "410184", week.String(), week.Start, "auto", "window_scan", n + 2, n + 2, number(9), false, uint64(1)})
		}
	}
	insert(t, db, "det_stratum", []string{"series", "stratum", "name_zh", "name_en", "area", "run"},
		[]any{"suspected_by_township", "410184101", "新村镇", "Xincun Town", "410184101", uint64(1)},
		[]any{"suspected_by_township", "410184102", "辛店镇", "Xindian Town", "410184102", uint64(1)})
	provisional := append(slices.Clone(detector), "is_provisional", "nowcast", "nowcast_lower", "nowcast_upper", "share_reported")
	w := week46(t)
	insert(t, db, "det_point", provisional,
		[]any{"new_cases_by_township", "410184", w.String(), w.Start, "auto", "window_scan", 1.0, 1.0, number(3), false, uint64(1), true, number(4), number(1), number(9), number(0.25)},
		[]any{"new_cases_by_township", "410184101", w.String(), w.Start, "auto", "window_scan", 1.0, 1.0, number(3), false, uint64(1), true, number(4), number(1), number(9), number(0.25)})
	return db
}

func options(t *testing.T, lang message.Lang) Options {
	return Options{
		Period: week46(t), Today: period.Date(2026, time.November, 16), Out: t.TempDir(), CityCode: "410184",
		Masthead: Masthead{City: message.Text{Zh: "新郑市", En: "Xinzheng"}}, Printer: printer(t, lang), By: "test",
	}
}

func TestRead(t *testing.T) {
	b, err := Read(context.Background(), city(t), options(t, message.Chinese))
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, got, want any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	check("cases", b.Cases, Cases{
		New: Comparison{Now: 2, Before: 1, YearAgo: 1, HasPast: true}, Suspected: Comparison{Now: 1, Before: 1, YearAgo: 1, HasPast: true},
		NewYear: Comparison{Now: 4, YearAgo: 1, HasPast: true},
	})

	var ids []string
	for _, w := range b.Warnings {
		ids = append(ids, w.ID)
	}
	check("warnings", ids, []string{"again", "fresh", "old", "taken"})
	check("severity of the last evaluation", b.Warnings[2].Severity, Orange)
	check("township", b.Warnings[1].Area.Zh, "薛店镇")
	check("due", b.Warnings[1].Due, period.Date(2026, time.November, 30))
	check("new", []bool{b.Warnings[0].New, b.Warnings[1].New, b.Warnings[2].New, b.Warnings[3].New}, []bool{true, true, false, false})
	check("since", b.Warnings[2].Since, "2026-W40")

	check("readings", len(b.Readings), 2)
	check("T3", []any{b.Readings[0].Value.N, *b.Readings[0].Value.D, b.Readings[0].Status, len(b.Readings[0].History)}, []any{850.0, 1000.0, "below", 2})
	check("T3 last year", b.Readings[0].History[0].Value.N, 800.0)
	check("T7", b.Readings[1].Value.N, 9.0)
	check("cases by year", []any{len(b.CasesByYear), b.CasesByYear[1].Provisional, len(b.CasesByQuarter)}, []any{2, true, 1})

	var places []string
	for _, p := range b.Rankings[0].Places {
		places = append(places, strings.TrimSpace(p.Code+" "+strings.Repeat("*", p.Rank)))
	}
	check("ranking", places, []string{"410184102 *", "410184101 **", "410184103 **", "410184104", "unassigned"})

	var drawn []string
	for _, d := range b.Detectors {
		drawn = append(drawn, d.Series+" "+d.Area.En)
	}
	check("detectors", drawn, []string{"new_cases_by_township Xinzheng", "suspected_by_township Xinzheng", "suspected_by_township Xincun Town", "suspected_by_township Xindian Town"})
	newest := b.Detectors[0].Weeks[0]
	check("nowcast", []any{newest.Provisional, *newest.Nowcast, *newest.NowcastLow, *newest.NowcastHigh, *newest.Reported}, []any{true, 4.0, 1.0, 9.0, 0.25})
	check("alarm", b.Detectors[2].Weeks[2].Alarms, []string{"window_scan"})
	check("too few for a warning", b.Detectors[3].Weeks[2].Alarms, []string(nil))
	check("threshold", *b.Detectors[2].Weeks[0].Threshold, 2.5)

	check("arrivals", b.Quality.Arrivals, []Arrival{
		{Stream: "dose", Sender: "市放射卫生所", Files: 1, Read: 40, Loaded: 40},
		{Stream: "exam", Sender: "第一职业健康检查中心", Files: 1, Read: 100, Loaded: 97, Rejected: 3},
	})
	check("rejects", b.Quality.Rejects, []Reject{{"exam", "id_damaged", 2}, {"exam", "totals_row", 1}})
	check("unmatched", b.Quality.Unmatched, []Unmatched{{"粉尘", 11}})
	check("snapshot", []any{b.Snapshot.Batch, b.Snapshot.Batches, b.Snapshot.At, len(b.Snapshot.Hash)}, []any{uint64(3), 3, time.Date(2026, 11, 13, 2, 0, 0, 0, time.UTC), 32})
}

func TestRead_OlderWeek(t *testing.T) {
	opt := options(t, message.Chinese)
	opt.Period, _ = period.Parse("2026-W45")
	opt.Today = period.Date(2026, time.December, 20)
	b, err := Read(context.Background(), city(t), opt)
	if err != nil {
		t.Fatal(err)
	}
	if r := b.Readings[0]; r.Value.N != 840 || r.AsOf != period.Date(2026, time.October, 31) {
		t.Errorf("T3 in the bulletin of an older week is %v as of %v, want the October reading", r.Value.N, r.AsOf)
	}
	if r := b.Readings[1]; r.Value.N != 12 {
		t.Errorf("T7 in the bulletin of an older week is %v, want the last whole year", r.Value.N)
	}
	if b.Cases.New.Now != 1 || b.Cases.Suspected.Now != 1 {
		t.Errorf("cases of the older week: %+v", b.Cases)
	}
}

// weeklyPage writes the bulletin as a page alone.
func weeklyPage(ctx context.Context, db *warehouse.DB, opt Options) (Result, error) {
	results, err := Weekly(ctx, db, opt)
	if err != nil {
		return Result{}, err
	}
	return results[0], nil
}

func TestWeekly(t *testing.T) {
	ctx := context.Background()
	db := city(t)
	opt := options(t, message.Chinese)
	first, err := weeklyPage(ctx, db, opt)
	if err != nil {
		t.Fatal(err)
	}
	one, err := os.ReadFile(first.Path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := weeklyPage(ctx, db, opt)
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(second.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) || first.SHA256 != second.SHA256 {
		t.Error("two runs on the same data differ")
	}
	if filepath.Base(first.Path) != "weekly-2026-W46.html" {
		t.Errorf("file is named %s", first.Path)
	}
	opt.Printer = printer(t, message.English)
	third, err := weeklyPage(ctx, db, opt)
	if err != nil {
		t.Fatal(err)
	}
	all, err := List(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != 2 || all[0].Name != "weekly-2026-W46.en.html" || all[0].SHA256 != third.SHA256 || all[1].SHA256 != first.SHA256 {
		t.Errorf("index: %+v", all)
	}
	files, err := os.ReadDir(opt.Out)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 {
		t.Errorf("folder holds %d files, want the two bulletins alone", len(files))
	}
}

func TestWeekly_NoDataAtAll(t *testing.T) {
	db := warehousetest.Open(t)
	result, err := weeklyPage(context.Background(), db, options(t, message.Chinese))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(result.Path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(data, []byte("数据仓库中还没有已发布的数据")) {
		t.Error("a bulletin without data does not say so")
	}
}

func TestWeekly_NotAWeek(t *testing.T) {
	opt := options(t, message.Chinese)
	opt.Period, _ = period.Parse("2026")
	if _, err := Weekly(context.Background(), nil, opt); err == nil {
		t.Error("a year was taken for a week")
	}
}

func TestArrange_RulesTakeTurns(t *testing.T) {
	warning := func(id, rule string, severity Severity, open, fresh bool, score float64) Warning {
		return Warning{ID: id, Rule: rule, Severity: severity, Open: open, New: fresh, Score: score}
	}
	warnings := []Warning{
		warning("d", "D01", Orange, true, true, 99), warning("c2", "R15", Orange, true, true, 5), warning("c1", "R15", Orange, true, true, 8),
		warning("c3", "R15", Orange, true, false, 50), warning("b", "R04", Orange, true, false, 1), warning("x", "R04", Orange, false, true, 9),
		warning("a", "R39", Red, true, false, 0),
	}
	arrange(warnings)
	var got []string
	for _, w := range warnings {
		got = append(got, w.ID)
	}
	if want := []string{"a", "c1", "d", "b", "c2", "c3", "x"}; !cmp.Equal(got, want) {
		t.Errorf("order %v, want %v", got, want)
	}
}
