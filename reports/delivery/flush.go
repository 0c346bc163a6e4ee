package delivery

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Sender sends messages over one channel. Errors are of type *Refused when the other side will never take the message, and
// *Unreachable when the channel takes none at present; all others are tried again too.
type Sender interface {
	Send(ctx context.Context, e Entry, c Content) error
	// Check tries the channel without sending anything.
	Check(ctx context.Context) error
	// Close ends a connection that is kept between messages.
	Close() error
}

// Refused says that the other side will never take a message.
type Refused struct{ Words string }

// Error returns what the other side said.
func (r *Refused) Error() string { return r.Words }

// Unreachable says that a channel takes no message at present.
type Unreachable struct{ Err error }

// Error returns why.
func (u *Unreachable) Error() string { return u.Err.Error() }

// Unwrap returns the cause.
func (u *Unreachable) Unwrap() error { return u.Err }

// after is a pause that the other side asked for.
type after struct {
	pause time.Duration
	err   error
}

func (a *after) Error() string { return a.err.Error() }

func (a *after) Unwrap() error { return a.err }

// The pauses between two attempts: they double from shortestPause to longestPause, give or take a fifth.
const (
	shortestPause = 30 * time.Second
	longestPause  = time.Hour
	jitterShare   = 0.2
)

// pause is the time between an attempt and the next. The share by which it differs from the plain power of two is made of
// the message and the number of the attempt, so that messages that failed together do not all come back together.
func pause(id string, attempt uint32) time.Duration {
	plain := longestPause
	if attempt < 8 {
		plain = min(shortestPause<<max(int(attempt)-1, 0), longestPause)
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%s %d", id, attempt)
	share := 1 + jitterShare*(2*float64(h.Sum32()%1000)/999-1)
	return time.Duration(float64(plain) * share)
}

// due reports whether a message is to be tried now. A next attempt that is further away than any pause is long was made by a
// clock that has been set back since.
func (e Entry) due(now time.Time) bool {
	longest := time.Duration(float64(longestPause) * (1 + jitterShare))
	return e.State != Delayed || !e.NextAt.After(now) || e.NextAt.Sub(now) > longest
}

// Flushed is what one flush did.
type Flushed struct {
	Sent    int `json:"sent"`
	Delayed int `json:"delayed"` // tried without success
	Failed  int `json:"failed"`  // refused for good
	Waiting int `json:"waiting"` // still to be sent afterwards
}

// wordsMost is how much of what the other side said is kept, in bytes.
const wordsMost = 1000

// Flush tries every message that is due, those enqueued first first, one after the other. What became of each is recorded before the
// next is begun. The error is ErrBusy when another program is sending, or that of the warehouse; what goes wrong on a channel is
// recorded with its messages.
func (o *Outbox) Flush(ctx context.Context, by string) (Flushed, error) {
	var f Flushed
	unlock, err := o.lock(ctx)
	if err != nil {
		return f, err
	}
	defer unlock()
	if err := o.recordSent(ctx); err != nil {
		return f, err
	}
	entries, err := o.Pending(ctx)
	if err != nil {
		return f, err
	}
	defer func() {
		for name, sender := range o.Channels {
			if err := sender.Close(); err != nil {
				o.log().Debug("close a channel", "channel", name, "error", err)
			}
		}
	}()
	down := map[string]error{} // channels that could not be reached in this flush
	now := o.now()
	for _, e := range entries {
		f.Waiting++
		if !e.due(now) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return f, err
		}
		after, err := o.deliver(ctx, e, down, by)
		switch {
		case err != nil:
			return f, err
		case after.State == Sent:
			f.Sent++
			f.Waiting--
		case after.State == Failed:
			f.Failed++
			f.Waiting--
		default:
			f.Delayed++
		}
	}
	return f, nil
}

// deliver tries one message and records what became of it; what is begun is ended, also when ctx ends meanwhile: every sender has its own
// limit of time. A channel that is down is not tried again in the same flush: that
// counts as an attempt of each message for it.
func (o *Outbox) deliver(ctx context.Context, e Entry, down map[string]error, by string) (Entry, error) {
	ctx = context.WithoutCancel(ctx)
	e.Attempt++
	next := o.now().Add(pause(e.ID, e.Attempt))
	failure, tried := down[e.Channel]
	if !tried {
		content, err := o.content(ctx, e)
		if err != nil {
			return e, err
		}
		// Recorded before it is begun, so that a process that dies in it leaves a trace, and an attempt that counts.
		if e, err = o.record(ctx, e, Sending, next, "", by); err != nil {
			return e, err
		}
		failure = o.send(ctx, e, content)
	}
	var refused *Refused
	var unreachable *Unreachable
	var asked *after
	switch {
	case failure == nil:
		o.log().Info("message sent", "message", e.ID, "channel", e.Channel, "attempt", e.Attempt)
		return o.recordAtAnyPrice(ctx, e, by)
	case errors.As(failure, &refused):
		o.log().Warn("message refused", "message", e.ID, "channel", e.Channel, "words", refused.Words)
		return o.record(ctx, e, Failed, next, short(refused.Words), by)
	case errors.As(failure, &unreachable):
		down[e.Channel] = failure
	case errors.As(failure, &asked):
		if wait := min(asked.pause, longestPause); o.now().Add(wait).After(next) {
			next = o.now().Add(wait)
		}
	}
	o.log().Warn("message delayed", "message", e.ID, "channel", e.Channel, "attempt", e.Attempt, "error", failure, "next", next)
	return o.record(ctx, e, Delayed, next, short(failure.Error()), by)
}

// send hands a message to its channel.
func (o *Outbox) send(ctx context.Context, e Entry, c Content) error {
	sender, ok := o.Channels[e.Channel]
	if !ok {
		return &Unreachable{fmt.Errorf("the configuration has no channel %s", e.Channel)}
	}
	return sender.Send(ctx, e, c)
}

// short puts what the other side said on one line that can be shown.
func short(words string) string {
	words = oneLine(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(words, "?")))
	for len(words) > wordsMost {
		_, size := utf8.DecodeLastRuneInString(words)
		words = words[:len(words)-size]
	}
	return words
}

// recordPatience is how often a record that a message was sent is tried, a second apart.
const recordPatience = 5

// recordAtAnyPrice records that a message was sent. When the warehouse does not take it, it is
// kept in memory, so that at least this process never sends the message again.
func (o *Outbox) recordAtAnyPrice(ctx context.Context, e Entry, by string) (Entry, error) {
	var err error
	sent := e
	for range recordPatience {
		if sent, err = o.record(ctx, e, Sent, o.now(), "", by); err == nil {
			return sent, nil
		}
		time.Sleep(time.Second)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.unrecorded == nil {
		o.unrecorded = map[string]event{}
	}
	o.unrecorded[e.ID] = event{e.ID, Event{N: sent.N, At: sent.LastAt, State: Sent, Attempt: sent.Attempt, NextAt: sent.NextAt, By: by}}
	return sent, fmt.Errorf("record that message %s was sent: %w", e.ID, err)
}

// recordSent records what could not be recorded before.
func (o *Outbox) recordSent(ctx context.Context) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, e := range o.unrecorded {
		if err := o.append(ctx, e); err != nil {
			return fmt.Errorf("record that message %s was sent: %w", id, err)
		}
		delete(o.unrecorded, id)
	}
	return nil
}
