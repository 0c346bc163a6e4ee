package receive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/period"
	"ohwatch/warehouse"
)

// Due is one file that a sender's profile makes us expect, a row of the model fct_due.
type Due struct {
	Sender   string     `ch:"sender"`
	Stream   string     `ch:"stream"`
	Contact  string     `ch:"contact"`
	Period   string     `ch:"period"`
	DueDate  time.Time  `ch:"due_date"`     // midnight UTC
	Received *time.Time `ch:"received_day"` // day on which the first file for the period came, or was said to be nothing; nil: not yet
	Batch    uint64     `ch:"batch"`        // first one that covers the period, 0: none
	State    string     `ch:"state"`        // missing, late, in_time, zero, or open: missing, but not due yet
	DaysLate uint32     `ch:"days_late"`    // by which it came, or is by now, after its due date
}

// Missing reports whether the file has not come though it is due.
func (d Due) Missing() bool { return d.State == "missing" }

// Calendar returns every file that was due for periods that begin on or after from, by sender, stream and period, as
// the model fct_due was last built.
func Calendar(ctx context.Context, db *warehouse.DB, from time.Time) ([]Due, error) {
	var dues []Due
	if err := db.Select(ctx, &dues, "receive_due", clickhouse.Named("from", from.Format(time.DateOnly))); err != nil {
		return nil, fmt.Errorf("read the expected files: %w", err)
	}
	return dues, nil
}

// SayZero records that a sender has nothing to report of a stream for a period, or, withdrawn, that this was a mistake.
// The period is of the cadence that the profile names for the stream, if it names one.
func SayZero(ctx context.Context, db *warehouse.DB, p Profile, stream, text, source, by string, withdrawn bool, now time.Time) (period.Period, error) {
	one, err := period.Parse(text)
	if err != nil {
		return one, &Fault{Code: "receive.zero_period", Args: map[string]any{"period": text}}
	}
	i := slices.IndexFunc(p.Expected, func(e Expectation) bool { return e.Stream == stream })
	if i < 0 {
		return one, &Fault{Code: "receive.zero_stream", Args: map[string]any{"sender": p.Sender, "stream": stream}}
	}
	if kind := p.Expected[i].Cadence; kind != 0 && kind != one.Kind {
		return one, &Fault{Code: "receive.zero_cadence", Args: map[string]any{"period": text, "want": period.Of(one.Start, kind).String()}}
	}
	if one.Start.After(period.Today(func() time.Time { return now }, period.Shanghai())) {
		return one, &Fault{Code: "receive.zero_future", Args: map[string]any{"period": text}}
	}
	state := "said"
	if withdrawn {
		state = "withdrawn"
	}
	err = insert(ctx, db, "ops_zero", []value{
		{"sender", p.Sender}, {"stream", stream}, {"period", one.String()}, {"at", now}, {"state", state}, {"source", source}, {"by", by},
	})
	if err != nil {
		return one, fmt.Errorf("record the report of nothing: %w", err)
	}
	return one, nil
}

// IsFault reports whether err is a mistake of the caller that can be told to him.
func IsFault(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}
