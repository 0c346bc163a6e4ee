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

// Due is one file that a sender's profile makes us expect.
type Due struct {
	Sender    string
	Stream    string
	Contact   string
	Period    period.Period
	DueDate   time.Time // midnight UTC
	Received  time.Time // day on which the first file for the period came, or was said to be nothing; zero: not yet
	Zero      bool      // nothing to report, said or sent
	Delivered uint64    // first batch that covers the period, 0: none
}

// Late is the number of days by which the file came, or is by now, after its due date; 0 when it is in time.
func (d Due) Late(today time.Time) int {
	day := d.Received
	if day.IsZero() {
		day = today
	}
	return max(0, int(day.Sub(d.DueDate)/(24*time.Hour)))
}

// Open reports whether the file is still missing.
func (d Due) Open() bool { return d.Received.IsZero() }

// Calendar returns every file that is or was due up to today, by sender, stream and period, for periods that end on
// or after from. A period is covered by
//
//   - a batch of the sender and stream of which at least a tenth of the dated rows lie in the period,
//   - a batch of headings only, or of a stream without dates, that arrived after the period had ended and before the next one did,
//   - a statement that there is nothing to report for the period.
func Calendar(ctx context.Context, db *warehouse.DB, from, today time.Time) ([]Due, error) {
	all, err := Profiles(ctx, db)
	if err != nil {
		return nil, err
	}
	var dues []Due
	for _, p := range all {
		for _, e := range p.Expected {
			if e.Cadence == 0 {
				continue
			}
			first := p.Since
			if first.Before(from) {
				first = from
			}
			for _, one := range period.Between(first, today, e.Cadence) {
				d := Due{Sender: p.Sender, Stream: e.Stream, Contact: p.Contact, Period: one, DueDate: one.End.AddDate(0, 0, e.DueDays)}
				if d.DueDate.Before(today) && !one.Start.Before(period.Of(p.Since, e.Cadence).Start) {
					dues = append(dues, d)
				}
			}
		}
	}
	if len(dues) == 0 {
		return nil, nil
	}
	return dues, cover(ctx, db, dues, today)
}

// coverRow is what is known of a period of a sender and stream.
type coverRow struct {
	Sender string    `ch:"sender"`
	Stream string    `ch:"stream"`
	Period string    `ch:"period"`
	Day    time.Time `ch:"day"`
	Zero   bool      `ch:"zero"`
	Batch  uint64    `ch:"batch"`
}

// cover fills what was received for each period.
func cover(ctx context.Context, db *warehouse.DB, dues []Due, today time.Time) error {
	var rows []coverRow
	if err := db.Select(ctx, &rows, "receive_cover", clickhouse.Named("today", today.Format(time.DateOnly))); err != nil {
		return fmt.Errorf("read what was received: %w", err)
	}
	type key struct{ sender, stream, period string }
	known := make(map[key]coverRow, len(rows))
	for _, row := range rows {
		known[key{row.Sender, row.Stream, row.Period}] = row
	}
	for i := range dues {
		d := &dues[i]
		if row, ok := known[key{d.Sender, d.Stream, d.Period.String()}]; ok {
			d.Received, d.Zero, d.Delivered = row.Day, row.Zero, row.Batch
		}
	}
	return nil
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
