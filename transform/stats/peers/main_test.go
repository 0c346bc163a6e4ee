package main

import (
	"math"
	"runtime"
	"testing"
)

// Every method answers all series to the bit alike with one, two and seven processors and goroutines.
func TestRun_DoesNotDependOnGoroutines(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	for _, task := range newData(30).tasks() {
		var first [][]float64
		for _, n := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(n)
			answers, err := task.run(n)
			if err != nil {
				t.Fatalf("%s: %v", task.title, err)
			}
			if first == nil {
				first = answers
			}
			for i, row := range answers {
				if len(row) == 0 || len(row) != len(first[i]) {
					t.Fatalf("%s: item %d has %d answers, with one goroutine %d", task.title, i, len(row), len(first[i]))
				}
				for j, x := range row {
					if math.Float64bits(x) != math.Float64bits(first[i][j]) {
						t.Fatalf("%s: item %d, answer %d is %v with %d goroutines, %v with one", task.title, i, j, x, n, first[i][j])
					}
				}
			}
		}
	}
}

func TestRecorded_HasEveryMethod(t *testing.T) {
	times, err := perItem(recorded)
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range newData(2).tasks() {
		if !(times[task.name] > 0) {
			t.Errorf("%s has no recorded time", task.name)
		}
	}
	if got := times["farrington_flexible"] * 1000; math.Abs(got-786.1) > 1e-9 {
		t.Errorf("1,000 series took R %v s, recorded are 786.1", got)
	}
}

func TestPerItem(t *testing.T) {
	got, err := perItem("# what\nx\t10\t5\nx\t10\t7\nx\t10\t30\n")
	if err != nil || got["x"] != 0.7 {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []string{"x 1 2", "x\ty\t2", "x\t1"} {
		if _, err := perItem(bad); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}

func TestDifference_ComparesWhatRHas(t *testing.T) {
	p := peer{answers: map[string][][]float64{"m": {{math.NaN(), 10, 20}}}}
	if got := p.difference("m", [][]float64{{11, 20}}); got != "0.1 of 2" {
		t.Errorf("got %q", got)
	}
	if got := p.difference("other", nil); got != "not compared" {
		t.Errorf("got %q", got)
	}
}
