// Package schedule runs named jobs at their due times in Asia/Shanghai and keeps a record of every one.
//
// Each due time of a job is a slot. A slot is recorded when it starts, when an attempt fails, and when it
// ends; a slot that passed while nobody watched (the program was down, or the job was still busy with an
// earlier slot) is made up or skipped by the job's policy. A job never overlaps itself; different jobs run
// side by side.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"ohwatch/internal/period"
)

// ErrExpression is wrapped by every error of Parse.
var ErrExpression = errors.New("write five fields, minute hour day month weekday, as in 0 6 * * 1 for Mondays at 06:00")

// Expression is a cron expression in the time zone Asia/Shanghai. The zero Expression never fires.
type Expression struct {
	text string
	spec cron.Schedule
}

// Parse reads a standard cron expression of five fields, or one of @hourly, @daily, @midnight, @weekly,
// @monthly, @yearly and @annually. It refuses a time zone prefix (the zone is fixed), @every (its times
// would hang on when the program started) and expressions that never fire, such as 0 0 31 2 *.
func Parse(text string) (e Expression, err error) {
	defer func() {
		// The parser of cron v3.0.1 panics on some malformed texts.
		if r := recover(); r != nil {
			e, err = Expression{}, fmt.Errorf("%q: %v: %w", text, r, ErrExpression)
		}
	}()
	text = strings.TrimSpace(text)
	if strings.Contains(text, "=") {
		return Expression{}, fmt.Errorf("%q: the time zone is always Asia/Shanghai: %w", text, ErrExpression)
	}
	if strings.HasPrefix(text, "@every") {
		return Expression{}, fmt.Errorf("%q: @every has no fixed times: %w", text, ErrExpression)
	}
	spec, err := cron.ParseStandard(text)
	if err != nil {
		return Expression{}, fmt.Errorf("%q: %w: %w", text, err, ErrExpression)
	}
	e = Expression{text: text, spec: spec}
	// A day that exists comes within five years, the horizon of the library, from the beginning of this one.
	if e.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, period.Shanghai())).IsZero() {
		return Expression{}, fmt.Errorf("%q never fires: %w", text, ErrExpression)
	}
	return e, nil
}

// String returns the expression as it was written.
func (e Expression) String() string { return e.text }

// Next returns the first due time after t, in Asia/Shanghai, or the zero time when there is none within
// five years.
func (e Expression) Next(t time.Time) time.Time {
	if e.spec == nil {
		return time.Time{}
	}
	return e.spec.Next(t.In(period.Shanghai()))
}
