package main

import (
	"encoding/csv"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"ohwatch/transform"
)

// publishedRow is a line of table A1 of the Central Index of Dose Information: persons by band, doses in mSv.
type publishedRow struct {
	year, category   string
	bands            []int
	total            int
	collective, mean float64
}

// bandFrom and bandTo are the lowest and the highest dose of each band of the table in hundredths of 1 mSv: its bands are those of
// doses rounded to 0.1 mSv. The highest of the last band is made up.
var bandFrom, bandTo = []int{0, 6, 106, 606, 1006, 1506, 2006, 3006}, []int{0, 104, 604, 1004, 1504, 2004, 3004, 9000}

// doses makes up the doses of persons that have the table's numbers by band and its collective dose and mean.
func (r publishedRow) doses(t *testing.T) []int {
	t.Helper()
	var doses, room []int
	sum := 0
	for band, n := range r.bands {
		for range n {
			doses, room = append(doses, bandFrom[band]), append(room, bandTo[band]-bandFrom[band])
			sum += bandFrom[band]
		}
	}
	const tiny = 1e-9
	low := math.Max(r.collective-0.5, (r.mean-0.05)*float64(r.total)) - tiny
	high := math.Min(r.collective+0.5, (r.mean+0.05)*float64(r.total)) + tiny
	target := int(math.Max(math.Ceil(100*low), math.Min(100*r.collective, math.Floor(100*high))))
	for more := 1; sum < target && more > 0; { // a little for everybody, again and again
		more = 0
		for i := range doses {
			step := min(room[i], 37, target-sum)
			doses[i], room[i], sum, more = doses[i]+step, room[i]-step, sum+step, more+step
		}
	}
	if s := float64(sum) / 100; s < low || s > high {
		t.Fatalf("%s %s: a collective dose of %v, want %v to %v", r.year, r.category, s, low, high)
	}
	return doses
}

func readPublished(t *testing.T, path string) []publishedRow {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	number := func(text string) float64 {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	var rows []publishedRow
	for _, line := range lines[1:] {
		r := publishedRow{year: line[0], category: line[1], total: int(number(line[10])), collective: number(line[11]), mean: number(line[12])}
		for _, n := range line[2:10] {
			r.bands = append(r.bands, int(number(n)))
		}
		rows = append(rows, r)
	}
	return rows
}

// TestDose_PublishedBands loads persons with the doses of the Central Index of Dose Information through a mapping and gets its
// table back. Every third of them has readings at two sites: persons count, not records.
func TestDose_PublishedBands(t *testing.T) {
	folder, err := filepath.Abs("testdata/published")
	if err != nil {
		t.Fatal(err)
	}
	useEngine(t)
	var file strings.Builder
	file.WriteString("year,category,site,worker,dose\n")
	want := map[string]publishedRow{}
	persons, readings := 0, 0
	for _, r := range readPublished(t, filepath.Join(folder, "cidi_a1.csv")) {
		if r.total > 1500 { // the larger ones would only take longer
			continue
		}
		want[r.year+r.category] = r
		for i, dose := range r.doses(t) {
			persons++
			worker, part := fmt.Sprintf("P%06d", persons), 0
			if i%3 == 0 && dose > 20 {
				part = dose / 3
				fmt.Fprintf(&file, "%s,%s,other site,%s,%.2f\n", r.year, r.category, worker, float64(part)/100)
				readings++
			}
			text := "0"
			if dose > 0 {
				text = fmt.Sprintf("%.2f", float64(dose-part)/100)
			}
			fmt.Fprintf(&file, "%s,%s,site,%s,%s\n", r.year, r.category, worker, text)
			readings++
		}
	}
	path := filepath.Join(t.TempDir(), "cidi.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, out, errOut := ohwatchText(t, "ingest", "--json", "--mapping", filepath.Join(folder, "cidi.yaml"), path); code != 0 ||
		!strings.Contains(out, fmt.Sprintf(`"loaded":%d`, readings)) {
		t.Fatalf("ingest %d readings: exit %d %s%s", readings, code, out, errOut)
	}
	compared := 0
	for _, year := range []string{"2000", "2003"} {
		code, out, errOut := ohwatchText(t, "indicators", "dose", "--period", year, "--by", "job_class", "--bands", "0,1,6,10,15,20,30", "--round", "1", "--below-mdl", "zero", "--json")
		if code != 0 {
			t.Fatalf("exit %d %s", code, errOut)
		}
		for _, got := range decodeLines[transform.DoseRow](t, []byte(out)) {
			w, ok := want[year+got.Value]
			if !ok {
				t.Errorf("%s %s is in no published table", year, got.Value)
				continue
			}
			compared++
			if int(got.Monitored) != w.total || math.Abs(got.Collective-w.collective) > 0.5+1e-9 || math.Abs(*got.Mean-w.mean) > 0.05+1e-9 ||
				int(got.Measurable) != w.total-w.bands[0] {
				t.Errorf("%s %s: %d persons, %d measurable, collective %v, mean %v; published %+v", year, got.Value, got.Monitored, got.Measurable, got.Collective, *got.Mean, w)
			}
			for band, n := range got.Counts {
				if int(n) != w.bands[band] {
					t.Errorf("%s %s: %d persons in band %s, published %d", year, got.Value, n, got.Bands[band], w.bands[band])
				}
			}
		}
	}
	if compared != len(want) || compared < 40 {
		t.Errorf("compared %d of %d rows", compared, len(want))
	}
}

// TestDose_PublishedBounds loads the film badge readings of Y-12 workers through the mapping that the project ships: sums with
// readings below the detection level as zero and as the level are the published bounds of their annual doses.
func TestDose_PublishedBounds(t *testing.T) {
	mapping, err := filepath.Abs("../../examples/y12-filmbadge/mapping.yaml")
	if err != nil {
		t.Fatal(err)
	}
	file, err := filepath.Abs("testdata/published/filmbadge.csv")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	useEngine(t)
	if code, out, errOut := ohwatchText(t, "ingest", "--mapping", mapping, file); code != 0 {
		t.Fatalf("ingest: exit %d %s%s", code, out, errOut)
	}
	totals := map[string]float64{}
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		fields := strings.Split(line, ",")
		for k, how := range []string{"zero", "mdl"} {
			mrem, err := strconv.ParseFloat(fields[k], 64)
			if err != nil {
				t.Fatalf("line %d: %v", i+2, err)
			}
			totals[how] += mrem / 100
		}
	}
	totals["half"] = (totals["zero"] + totals["mdl"]) / 2
	for how, total := range totals {
		code, out, errOut := ohwatchText(t, "indicators", "dose", "--period", "1955", "--below-mdl", how, "--json")
		rows := decodeLines[transform.DoseRow](t, []byte(out))
		if code != 0 || len(rows) != 1 || rows[0].Monitored != 14 || math.Abs(rows[0].Collective-total) > 1e-9 {
			t.Errorf("%s: exit %d %s%s; want a collective dose of %v", how, code, out, errOut, total)
		}
	}
	code, out, errOut := ohwatchText(t, "query", "--format", "csv",
		"SELECT toString(round(100 * dose_low)) || ',' || toString(round(100 * dose_high)) FROM fct_dose_year WHERE year = 1955 ORDER BY length(worker_no), worker_no")
	lines := strings.Split(strings.ReplaceAll(strings.TrimSpace(out), `"`, ""), "\n")[1:]
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n")[1:] {
		if i >= len(lines) || !strings.HasPrefix(line, lines[i]+",") {
			t.Errorf("worker %d: %v, published %s (exit %d %s)", i+1, lines, line, code, errOut)
			break
		}
	}
	if code, out, errOut := ohwatchText(t, "indicators", "dose", "--period", "1955", "--by", "job_class", "--lang", "en"); code != 0 || !strings.Contains(out, "not stated") {
		t.Errorf("as a table: exit %d %s%s", code, out, errOut)
	}
	for flag, value := range map[string]string{"--period": "2025Q1", "--bands": "5,1", "--by": "colour", "--below-mdl": "third", "--round": "12"} {
		if code, _, errOut := ohwatchText(t, "indicators", "dose", flag, value); code != 2 || !strings.Contains(errOut, value) {
			t.Errorf("%s %s: exit %d %s", flag, value, code, errOut)
		}
	}
}
