package transform_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"ohwatch/transform"
)

// withoutSeries are the shipped definitions of models, indicators and checks.
func withoutSeries(t testing.TB) fstest.MapFS {
	t.Helper()
	definitions := overlay(t)
	maps.DeleteFunc(definitions, func(path string, _ *fstest.MapFile) bool { return strings.HasPrefix(path, "series/") })
	return definitions
}

// fill makes a city with so many exams, and the other streams in proportion, in the engine itself: an employer for 200 exams, its
// workers examined once a year in one week, 0.4 declared posts, 0.4 detection results and 0.2 doses an exam, over nine years.
func (c *city) fill(exams int) {
	employers := exams / 200
	values := strings.NewReplacer("<employers>", itoa(employers), "<exams>", itoa(exams), "<persons>", itoa(exams*2/15), "<posts>", itoa(exams*2/5/9))
	for _, statement := range []string{
		`INSERT INTO raw_employer (batch, row, version, op, key_hash, employer_key, employer_name, workplace_no, township_code,
			industry_code, size_class, employees, exposed_total, risk_class, status, start_date)
		SELECT 1, number, 1, 'load', number, concat('91419999', leftPad(toString(number), 10, '0')), concat('厂', toString(number)), 1,
			toString(410184101 + number % 9), ['C3484', 'C3110', 'C2710', 'C3912', 'F51'][number % 5 + 1],
			['small', 'micro', 'medium'][number % 3 + 1], 60, 27, '', 'active', '2012-01-01'
		FROM numbers(<employers>)`,
		examsOf("0", "<exams>", "2"),
		`INSERT INTO raw_declaration (batch, row, version, op, key_hash, employer_key, declaration_no, declare_date, accept_date, workshop, post, hazard, exposed)
		SELECT 3, number, 1, 'load', number, concat('91419999', leftPad(toString(number % <employers>), 10, '0')), toString(number), d,
			toDate32('2018-03-01') + intDiv(number, <posts>) * 365 + number % <employers> % 200 AS d,
			concat('车间', toString(intDiv(number, <employers>) % 3)), concat('岗位', toString(intDiv(number, <employers>) % 9)),
			['HZ-3-001', 'HZ-1-011', 'HZ-2-029'][intDiv(number, <employers>) % 3 + 1], 9
		FROM numbers(<posts> * 9)`,
		`INSERT INTO raw_detection (batch, row, version, op, key_hash, employer_key, institution_code, report_no, test_kind, sample_date, issue_date, submit_date,
			workshop, post, hazard, limit_type, value, qualifier, unit, judgement, sample_no)
		SELECT 4, number, 1, 'load', number, concat('91419999', leftPad(toString(number % <employers>), 10, '0')), 'D1',
			concat('R', toString(number % <employers>), '-', toString(intDiv(number, <posts>))), 'periodic', d,
			toDate32('2018-05-01') + intDiv(number, <posts>) * 365 + number % <employers> % 200 AS d, d + 10,
			concat('车间', toString(intDiv(number, <employers>) % 3)), concat('岗位', toString(intDiv(number, <employers>) % 9)),
			['HZ-3-001', 'HZ-1-011', 'HZ-2-029'][intDiv(number, <employers>) % 3 + 1],
			['LEX8h', 'TWA', 'TWA'][intDiv(number, <employers>) % 3 + 1], [80, 2, 10][intDiv(number, <employers>) % 3 + 1] + number % 7, 'eq',
			['dB(A)', 'mg/m3', 'mg/m3'][intDiv(number, <employers>) % 3 + 1], 'pass', toString(number)
		FROM numbers(<posts> * 9)`,
		`INSERT INTO raw_dose (batch, row, version, op, key_hash, employer_key, unit_kind, worker_no, person_key, start_date, period_start, period_end,
			quantity, position, value, qualifier, final_value)
		SELECT 5, number, 1, 'load', number, concat('91419999', leftPad(toString(number % 20), 10, '0')), 'medical', toString(number % <employers>),
			toUUID(concat('00000000-0000-0000-0001-', leftPad(toString(number % <employers>), 12, '0'))), '2015-01-01',
			addMonths(toDate32('2018-01-01'), toInt32(intDiv(number, <employers>) * 3)) AS s, addMonths(s, 3) - 1, 'hp10', 'chest', 0.2, 'eq', 0.2
		FROM numbers(<employers> * 35)`,
	} {
		c.exec(values.Replace(statement))
	}
	for batch, stream := range []string{"employer", "exam", "declaration", "detection", "dose"} {
		c.publish(batch+1, stream)
	}
}

// examsOf are exams from one number on, so many, as one batch. Those with higher numbers are later.
func examsOf(from, n, batch string) string {
	return strings.NewReplacer("<from>", from, "<n>", n, "<batch>", batch).Replace(`INSERT INTO raw_exam (batch, row, version, op, key_hash, employer_key, employer_name, using_key,
			institution_code, institution_name, report_card_id, exam_no, person_key, sex, birth_date, workshop, post, total_months, exposure_months, exam_type,
			hazards_exposed, hazards_examined, exam_date, conclusion_overall, conclusion_hazard, conclusion, report_date, upload_date)
		SELECT <batch>, number, 1, 'load', sipHash64(number), concat('91419999', leftPad(toString(worker % <employers>), 10, '0')) AS e, concat('厂', toString(worker % <employers>)), e,
			concat('I', toString(worker % 12)), concat('医院', toString(worker % 12)), toString(number), toString(number),
			toUUID(concat('00000000-0000-0000-0000-', leftPad(toString(worker), 12, '0'))),
			if(worker % 4 = 0, 'female', 'male'), toDate32('1970-01-01') + worker % 9000, concat('车间', toString(worker % 3)), concat('岗位', toString(worker % 9)),
			100 + worker % 200, worker % 200, if(year = 0, 'pre', 'in'),
			arraySlice(['HZ-3-001', 'HZ-1-011', 'HZ-2-029'], 1 + worker % 3) AS h, h,
			toDate32('2018-01-15') + year * 400 + (worker % <employers>) % 300 + worker % 5 AS d,
			if(number % 20 = 0, 'recheck', if(number % 501 = 0, 'suspect', 'normal')) AS r, h, arrayMap(x -> r, h), d + 5, d + 9
		FROM (SELECT number, number % <persons> AS worker, intDiv(number, <persons>) AS year FROM numbers(<from>, <n>))`)
}

func (c *city) publish(batch int, stream string) {
	c.exec(fmt.Sprintf(`INSERT INTO ops_batch (batch, at, state, stream, received_at, n_read, n_loaded)
		SELECT %[1]d, '2020-01-01 00:00:00', 'published', '%[2]s', '2020-01-01 00:00:00', count(), count() FROM raw_%[2]s WHERE batch = %[1]d`, batch, stream))
}

// keptQuestions are questions that results kept at transform time answer.
var keptQuestions = []struct{ name, query string }{
	{"quarter-s", "SELECT quarter, area, exam_type, n_persons FROM fct_exam_quarter ORDER BY quarter, area, exam_type"},
	{"coverage-s", "SELECT year, area, sum(n_persons) AS persons, sum(covered) / sum(exposed) AS coverage FROM fct_exam_year GROUP BY year, area ORDER BY year, area"},
	{"latest-s", "SELECT hazard, count() AS persons, countIf(due_date < toDate32('2026-11-15')) AS overdue FROM fct_exam_latest GROUP BY hazard ORDER BY hazard"},
	{"week-s", "SELECT week_start, area, division, n_exams FROM fct_exam_week ORDER BY week_start, area, division"},
}

// BenchmarkTransform times, over a city of OHWATCH_BENCH_ROWS exams, a full run of all models, indicators and checks beside one plain
// scan of the loaded rows, a run after a new batch of one in a hundred, and the questions that kept results answer:
// `make bench-transform`.
func BenchmarkTransform(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("OHWATCH_BENCH_ROWS"))
	if err != nil {
		b.Skip("OHWATCH_BENCH_ROWS says how many exams; make bench-transform sets it")
	}
	c := newCity(b, "2026-11-15")
	c.fill(rows)
	definitions := withoutSeries(b)
	run := func(full bool) float64 {
		at := time.Now()
		result, err := transform.Run(b.Context(), c.db, transform.Options{Today: c.today, Full: full, Files: definitions})
		if err != nil {
			b.Fatal(err)
		}
		seconds := time.Since(at).Seconds()
		steps := slices.DeleteFunc(result.Steps, func(s transform.Step) bool { return !s.Built })
		slices.SortStableFunc(steps, func(a, b transform.Step) int { return int(1000*b.Seconds) - int(1000*a.Seconds) })
		for _, s := range steps[:min(len(steps), 14)] {
			fmt.Fprintf(os.Stderr, "  %-26s %9d rows, %8d changed %7.2f s\n", s.Name, s.Rows, s.Changed, s.Seconds)
		}
		fmt.Fprintf(os.Stderr, "run of %d exams, full %v: %.2f s\n", rows, full, seconds)
		return seconds
	}
	scan := func() (seconds float64) {
		at := time.Now()
		for _, stream := range []string{"employer", "exam", "declaration", "detection", "dose"} {
			c.query("SELECT toString(countIf(NOT ignore(*))) FROM raw_" + stream)
		}
		return time.Since(at).Seconds()
	}
	for b.Loop() { // one pass: the runs in it are what counts
		run(false)
		scans := []float64{scan(), scan(), scan()}
		full := run(true)
		scans = append(scans, scan(), scan())
		slices.Sort(scans)
		for from := range 3 { // three new batches in turn
			c.exec(strings.NewReplacer("<employers>", itoa(rows/200), "<persons>", itoa(rows*2/15)).Replace(
				examsOf(itoa(rows+from*rows/100), itoa(rows/100), itoa(6+from))))
			c.publish(6+from, "exam")
			seconds := run(false)
			if from == 2 {
				b.ReportMetric(seconds, "batch-s")
				b.ReportMetric(seconds/full, "batch/full")
			}
		}
		b.ReportMetric(full, "full-s")
		b.ReportMetric(scans[len(scans)/2], "scan-s")
		b.ReportMetric(full/scans[len(scans)/2], "full/scan")
		for _, q := range keptQuestions {
			var times []float64
			for range 5 {
				at := time.Now()
				c.query("SELECT toString(tuple(*)) FROM (" + q.query + ")")
				times = append(times, time.Since(at).Seconds())
			}
			slices.Sort(times)
			b.ReportMetric(times[2], q.name)
		}
		b.ReportMetric(c.engineMegabytes(), "engine-MB")
		b.ReportMetric(0, "ns/op")
	}
}

// engineMegabytes is the highest resident memory of the embedded engine.
func (c *city) engineMegabytes() float64 {
	number, err := os.ReadFile(filepath.Join(c.db.DataDir(), "engine", "engine.lock"))
	if err != nil {
		return 0 // a server of somebody else
	}
	status, err := os.ReadFile(filepath.Join("/proc", strings.TrimSpace(string(number)), "status"))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			if n, err := strconv.ParseFloat(strings.Fields(rest)[0], 64); err == nil {
				return n / 1024
			}
		}
	}
	return 0
}

// BenchmarkEvaluate times the rules and detectors of one week over a city of OHWATCH_BENCH_ROWS exams, with models and series up to
// date: `make bench-warnings`.
func BenchmarkEvaluate(b *testing.B) {
	rows, err := strconv.Atoi(os.Getenv("OHWATCH_BENCH_ROWS"))
	if err != nil {
		b.Skip("OHWATCH_BENCH_ROWS says how many exams; make bench-warnings sets it")
	}
	c := newCity(b, "2026-11-16")
	c.fill(rows)
	evaluate := func() float64 {
		at := time.Now()
		e, err := transform.Evaluate(b.Context(), c.db, transform.LastWeek(c.today), transform.Options{Today: c.today})
		if err != nil || !e.Complete() {
			b.Fatal(err, e.Broken)
		}
		return time.Since(at).Seconds()
	}
	for b.Loop() { // one pass
		b.ReportMetric(evaluate(), "first-s")
		b.ReportMetric(evaluate(), "week-s")
		b.ReportMetric(0, "ns/op")
	}
}
