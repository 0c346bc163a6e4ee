package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

//go:embed time.R
var timeScript string

//go:embed recorded.tsv
var recorded string

// peer is what R did.
type peer struct {
	source  string
	seconds map[string]float64     // of one item
	answers map[string][][]float64 // of the items that it ran, in order
}

// runR times R, or takes the recorded times where it is not installed.
func runR(ctx context.Context, d *data, repetitions int, share float64) (peer, error) {
	if err := exec.CommandContext(ctx, "Rscript", "-e", "library(surveillance); library(survival)").Run(); err != nil {
		if ctx.Err() != nil {
			return peer{}, ctx.Err()
		}
		p := peer{source: "not installed with surveillance and survival; recorded times, see recorded.tsv"}
		var err error
		p.seconds, err = perItem(recorded)
		return p, err
	}
	dir, err := os.MkdirTemp("", "ohwatch-peers-")
	if err != nil {
		return peer{}, fmt.Errorf("make a folder for R: %w", err)
	}
	defer os.RemoveAll(dir)
	script := filepath.Join(dir, "time.R")
	if err := os.WriteFile(script, []byte(timeScript), 0o600); err != nil {
		return peer{}, fmt.Errorf("write R's script: %w", err)
	}
	some := func(rows [][]float64, share float64) [][]float64 {
		return rows[:max(1, int(math.Round(share*float64(len(rows)))))]
	}
	below := make([][]float64, len(d.below))
	for i, row := range d.below {
		below[i] = make([]float64, len(row))
		for j, is := range row {
			if is {
				below[i][j] = 1
			}
		}
	}
	var scan [][]float64
	for i := range d.cases {
		scan = append(scan, []float64{d.places.X[i], d.places.Y[i], d.places.Population[i], d.cases[i]})
	}
	for name, rows := range map[string][][]float64{
		"farrington.csv": some(d.weekly, share/10), // of 1,000 series
		"ears.csv":       some(d.daily, share), "cusum.csv": some(d.fiveYears, share),
		"exposure.csv": some(d.exposure, share), "below.csv": some(below, share), "scan.csv": scan,
	} {
		if err := writeCSV(filepath.Join(dir, name), rows); err != nil {
			return peer{}, err
		}
	}
	command := exec.CommandContext(ctx, "Rscript", script, dir, strconv.Itoa(repetitions))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return peer{}, fmt.Errorf("run R: %w", err)
	}
	version, err := exec.CommandContext(ctx, "Rscript", "-e", `cat(R.version.string, "surveillance", as.character(packageVersion("surveillance")))`).Output()
	if err != nil {
		return peer{}, fmt.Errorf("ask R for its version: %w", err)
	}
	p := peer{source: fmt.Sprintf("%s, one core, on %.3g of the series (scaled)", version, share), answers: map[string][][]float64{}}
	if p.seconds, err = perItem(string(out)); err != nil {
		return peer{}, err
	}
	for name := range p.seconds {
		if p.answers[name], err = readCSV(filepath.Join(dir, "r_"+name+".csv")); err != nil {
			return peer{}, err
		}
	}
	old, err := perItem(recorded)
	if err != nil {
		return peer{}, err
	}
	for name, seconds := range old {
		if _, ok := p.seconds[name]; !ok {
			p.seconds[name] = seconds
			p.source += "; " + name + ": recorded, its package is not installed"
		}
	}
	return p, nil
}

// perItem reads lines of what, items and seconds and returns the median seconds of one item.
func perItem(lines string) (map[string]float64, error) {
	all := map[string][]float64{}
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, "\t")
		if len(fields) != 3 {
			return nil, fmt.Errorf("time of R %q: want what, items and seconds", line)
		}
		items, err1 := strconv.ParseFloat(fields[1], 64)
		seconds, err2 := strconv.ParseFloat(fields[2], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("time of R %q: %w", line, err)
		}
		all[fields[0]] = append(all[fields[0]], seconds/items)
	}
	medians := map[string]float64{}
	for what, times := range all {
		medians[what] = median(times)
	}
	return medians, nil
}

// difference is the largest one, relative to the value or 1, between R's answers and ours to the same items. Where R has no
// answer, ours is not compared: at the start of a series it has none, and with too few recent cases.
func (p peer) difference(name string, ours [][]float64) string {
	theirs := p.answers[name]
	if len(theirs) == 0 {
		return "not compared"
	}
	largest, compared := 0.0, 0
	for i, row := range theirs {
		if i >= len(ours) {
			break
		}
		skip := len(row) - len(ours[i]) // R has a value for every point of the series
		if skip < 0 {
			return "not comparable"
		}
		for j, own := range ours[i] {
			if their := row[skip+j]; !math.IsNaN(their) && !math.IsNaN(own) {
				largest = math.Max(largest, math.Abs(own-their)/math.Max(1, math.Abs(their)))
				compared++
			}
		}
	}
	return fmt.Sprintf("%.1g of %d", largest, compared)
}

func writeCSV(path string, rows [][]float64) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write for R: %w", err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	for _, row := range rows {
		for i, x := range row {
			if i > 0 {
				w.WriteByte(',')
			}
			w.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
		}
		w.WriteByte('\n')
	}
	if err := errors.Join(w.Flush(), f.Close()); err != nil {
		return fmt.Errorf("write for R: %w", err)
	}
	return nil
}

func readCSV(path string) ([][]float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read R's answers: %w", err)
	}
	var rows [][]float64
	for line := range strings.Lines(string(text)) {
		var row []float64
		for field := range strings.SplitSeq(strings.TrimSpace(line), ",") {
			x, err := strconv.ParseFloat(field, 64)
			if err != nil {
				return nil, fmt.Errorf("read R's answers %s: %w", path, err)
			}
			row = append(row, x)
		}
		rows = append(rows, row)
	}
	return rows, nil
}
