package transform

import (
	"context"
	"errors"
	"sync"
)

// lanes is how many statements of a run the engine works on at a time. A statement over few rows keeps one processor busy,
// and most are over few.
const lanes = 2

// abreast does something to each of a list, to some of them at a time, in the order of the list. After a failure it begins
// nothing new.
func abreast[T any](ctx context.Context, list []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan T)
	errs := make([]error, lanes)
	var workers sync.WaitGroup
	for w := range lanes {
		workers.Go(func() {
			for element := range next {
				if err := do(ctx, element); err != nil {
					errs[w] = err
					cancel()
					return
				}
			}
		})
	}
feeding:
	for _, element := range list {
		select {
		case next <- element:
		case <-ctx.Done():
			break feeding
		}
	}
	close(next)
	workers.Wait()
	err := errs[0]
	for _, other := range errs[1:] {
		if err == nil || other != nil && errors.Is(err, context.Canceled) {
			err = other // what was cancelled because of it says less
		}
	}
	if err == nil {
		err = ctx.Err()
	}
	return err
}
