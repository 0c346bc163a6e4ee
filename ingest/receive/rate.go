package receive

import (
	"sync"
	"time"
)

// failuresPerMinute is how many requests without a valid token one address may make.
const failuresPerMinute = 30

// ratesMost bounds how many clients are remembered.
const ratesMost = 10_000

// rates counts what each client has done: a bucket of tokens that fills up again within a minute.
type rates struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]bucket
}

type bucket struct {
	left float64
	at   time.Time
}

// take counts one act of a client and reports whether it is within so many a minute.
func (r *rates) take(client string, perMinute int) bool { return r.spend(client, perMinute, 1) }

// peek reports whether one more act would be within the limit.
func (r *rates) peek(client string, perMinute int) bool { return r.spend(client, perMinute, 0) }

func (r *rates) spend(client string, perMinute int, n float64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if r.buckets == nil {
		r.buckets = map[string]bucket{}
	}
	b, known := r.buckets[client]
	if !known {
		b.left = float64(perMinute)
	} else if passed := now.Sub(b.at).Minutes(); passed > 0 {
		b.left = min(float64(perMinute), b.left+passed*float64(perMinute))
	}
	b.at = now
	ok := b.left >= 1
	if ok {
		b.left -= n
	}
	if len(r.buckets) >= ratesMost && !known {
		r.forget(now)
	}
	r.buckets[client] = b
	return ok
}

// forget drops the clients that have done nothing for a minute, whose buckets are full again, or all.
func (r *rates) forget(now time.Time) {
	for client, b := range r.buckets {
		if now.Sub(b.at) > time.Minute {
			delete(r.buckets, client)
		}
	}
	if len(r.buckets) >= ratesMost {
		r.buckets = map[string]bucket{}
	}
}
