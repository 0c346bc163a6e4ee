package transform

import (
	"context"
	"errors"
)

// lanes is how many statements of a run the engine works on at a time: one over few rows keeps one processor busy, and
// most are over few.
const lanes = 2

// abreast does n things, some of them at a time and each after those that it has to wait for, which stand before it. finished is
// called for each in order, from the goroutine that called. After a failure nothing new is begun, and what is under way is
// cancelled.
func abreast(ctx context.Context, n int, after func(int) []int, do func(context.Context, int) error, finished func(int)) error {
	type end struct {
		of  int
		err error
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	ends := make(chan end)
	begun, done := make([]bool, n), make([]bool, n)
	running, reported := 0, 0
	var failure error
	for {
		for i := 0; i < n && running < lanes && inner.Err() == nil; i++ {
			isReady := !begun[i]
			for _, input := range after(i) {
				isReady = isReady && done[input]
			}
			if isReady {
				begun[i] = true
				running++
				go func() { ends <- end{i, do(inner, i)} }()
			}
		}
		if running == 0 {
			break
		}
		e := <-ends
		running--
		if e.err != nil {
			if failure == nil || errors.Is(failure, context.Canceled) { // what was cancelled because of another says less
				failure = e.err
			}
			cancel()
			continue
		}
		done[e.of] = true
		for reported < n && done[reported] {
			finished(reported)
			reported++
		}
	}
	if failure == nil {
		failure = ctx.Err()
	}
	return failure
}
