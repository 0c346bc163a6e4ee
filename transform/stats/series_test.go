package stats_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"ohwatch/transform/stats"
)

// realSeries is one column of a file in testdata/series.
type realSeries struct {
	name string
	stats.CountSeries
}

// readSeries reads all series of the directory, without the marked outbreaks and the line list.
func readSeries(t *testing.T) []realSeries {
	t.Helper()
	files, err := filepath.Glob("testdata/series/*.csv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no series: %v", err)
	}
	var all []realSeries
	for _, name := range files {
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(file).ReadAll()
		if err = errors.Join(err, file.Close()); err != nil {
			t.Fatal(err)
		}
		if rows[0][0] == "dHosp" {
			continue
		}
		var dates []time.Time
		first := 2 // year and period
		if rows[0][0] == "date" {
			first = 1
			for _, row := range rows[1:] {
				day, err := time.Parse(time.DateOnly, row[0])
				if err != nil {
					t.Fatal(err)
				}
				dates = append(dates, day)
			}
		}
		for column := first; column < len(rows[0]); column++ {
			if rows[0][column] == "state" {
				continue
			}
			s := realSeries{name: strings.TrimSuffix(filepath.Base(name), ".csv") + "/" + rows[0][column]}
			s.Frequency, s.Dates = 52, dates
			for _, row := range rows[1:] {
				count := math.NaN()
				if row[column] != "" {
					if count, err = strconv.ParseFloat(row[column], 64); err != nil {
						t.Fatal(err)
					}
				}
				s.Counts = append(s.Counts, count)
			}
			all = append(all, s)
		}
	}
	return all
}

// detectors gives the alarms of each detector from:to.
func detectors(s realSeries, years, from, to int) map[string]func() ([]bool, error) {
	alarms := func(n int, alarm func(i int) bool, err error) ([]bool, error) {
		list := make([]bool, n)
		for i := range list {
			list[i] = alarm(i)
		}
		return list, err
	}
	all := map[string]func() ([]bool, error){
		"farrington": func() ([]bool, error) {
			p, err := stats.Farrington(s.CountSeries, from, to, stats.FarringtonOptions{
				Years: years, HalfWindow: 3, Reweight: true, Alpha: 0.01, Trend: true, RecentCases: 5, RecentPoints: 4,
			})
			return alarms(len(p), func(i int) bool { return p[i].Alarm }, err)
		},
		"cusum": func() ([]bool, error) {
			p, err := stats.CUSUM(s.Counts, []float64{stats.ExpectedMean(s.Counts, from)}, from, to, stats.CUSUMOptions{K: 1.04, H: 2.26, Transform: stats.CUSUMRossi})
			return alarms(len(p), func(i int) bool { return p[i].Alarm }, err)
		},
		"bayes": func() ([]bool, error) {
			p, err := stats.Bayes(s.Counts, from, to, stats.BayesOptions{Years: 2, HalfWindow: 3, CurrentYear: true, Alpha: 0.05, Frequency: 52})
			return alarms(len(p), func(i int) bool { return p[i].Alarm }, err)
		},
	}
	for _, threshold := range []stats.FlexibleThreshold{stats.ThresholdDelta, stats.ThresholdNBPlugin, stats.ThresholdMuan} {
		all["farrington_flexible "+string(threshold)] = func() ([]bool, error) {
			p, err := stats.FarringtonFlexible(s.CountSeries, from, to, stats.FarringtonFlexibleOptions{
				Years: years, HalfWindow: 3, Periods: 10, PastExcluded: 26, Reweight: true, WeightsThreshold: 2.58, Alpha: 0.01,
				Trend: true, TrendThreshold: 0.05, Threshold: threshold, RecentCases: 5, RecentPoints: 4,
			})
			return alarms(len(p), func(i int) bool { return p[i].Alarm }, err)
		}
	}
	for _, method := range []stats.EARSMethod{stats.EARSC1, stats.EARSC2, stats.EARSC3} {
		all["ears "+string(method)] = func() ([]bool, error) {
			p, err := stats.EARS(method, s.Counts, from, to, stats.EARSOptions{})
			return alarms(len(p), func(i int) bool { return p[i].Alarm }, err)
		}
	}
	return all
}

// TestRealSeries_AlarmsAreThoseOfR runs the detectors over the last 52 weeks of every real series. The golden file was
// compared with R once; see testdata/series/PROVENANCE.md. UPDATE_GOLDEN=1 writes it again.
func TestRealSeries_AlarmsAreThoseOfR(t *testing.T) {
	const golden = "testdata/series/alarms.golden"
	names := []string{
		"farrington", "farrington_flexible delta", "farrington_flexible nbPlugin", "farrington_flexible muan",
		"ears C1", "ears C2", "ears C3", "cusum", "bayes",
	}
	var out strings.Builder
	fmt.Fprintf(&out, "# series; detector; years of history; periods with an alarm among the last 52, counted from 1\n")
	for _, s := range readSeries(t) {
		n := len(s.Counts)
		years := min(5, (n-52-10)/53)
		from := max(n-52, 53*years+10, 110)
		all := detectors(s, years, from, n)
		for _, name := range names {
			alarms, err := all[name]()
			if err != nil {
				t.Fatalf("%s, %s: %v", s.name, name, err)
			}
			fmt.Fprintf(&out, "%s; %s; %d;", s.name, name, years)
			for i, alarm := range alarms {
				if alarm {
					fmt.Fprintf(&out, " %d", from+i+1)
				}
			}
			fmt.Fprintln(&out)
		}
	}
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, expected := strings.Split(out.String(), "\n"), strings.Split(string(want), "\n")
	if len(got) != len(expected) {
		t.Fatalf("%d lines, the golden file has %d", len(got), len(expected))
	}
	for i := range expected {
		if got[i] != expected[i] {
			t.Errorf("got  %s\nwant %s", got[i], expected[i])
		}
	}
}
