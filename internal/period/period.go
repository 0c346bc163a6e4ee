// Package period holds the reporting periods that commands, indicators, warnings and reports speak of:
// years, quarters, months and ISO 8601 weeks (Monday to Sunday).
//
// A date is a time.Time at midnight UTC, whatever the time zone of the event: it names a day, not an
// instant. Today turns an instant into the day that the calendar on the wall shows.
package period

import (
	"errors"
	"fmt"
	"time"
)

// Kind says how long a period is.
type Kind int

// The kinds of period, longest first. The zero Kind is none of them.
const (
	Year Kind = iota + 1
	Quarter
	Month
	Week
)

// String returns the kind's name as used in tables: "year", "quarter", "month" or "week".
func (k Kind) String() string {
	switch k {
	case Year:
		return "year"
	case Quarter:
		return "quarter"
	case Month:
		return "month"
	case Week:
		return "week"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Period is a stretch of whole days. Two periods are the same period exactly when they are equal (==).
// The zero Period is no period. Values may be shared between goroutines.
type Period struct {
	Kind  Kind
	Start time.Time // first day, midnight UTC
	End   time.Time // last day, included, midnight UTC
}

// ErrSyntax is what Parse wraps when a text names no period.
var ErrSyntax = errors.New("write a year as 2025, a quarter as 2025Q3, a month as 2025-07 or an ISO week as 2025-W46")

// Parse reads a period as the command line writes it: 2025, 2025Q3, 2025-07 or 2025-W46. The error wraps
// ErrSyntax and names the accepted forms; it is also given for a week 53 of a year that has only 52.
func Parse(text string) (Period, error) {
	if len(text) >= 4 {
		year, ok := digits(text[:4])
		if ok && year >= 1000 {
			if p, ok := parseRest(year, text[4:]); ok {
				return p, nil
			}
		}
	}
	return Period{}, fmt.Errorf("%q is not a period: %w", text, ErrSyntax)
}

func parseRest(year int, rest string) (Period, bool) {
	switch {
	case rest == "":
		return Of(Date(year, time.January, 1), Year), true
	case len(rest) == 2 && rest[0] == 'Q' && rest[1] >= '1' && rest[1] <= '4':
		return Of(Date(year, time.Month(3*int(rest[1]-'1')+1), 1), Quarter), true
	case len(rest) == 3 && rest[0] == '-':
		month, ok := digits(rest[1:])
		if !ok || month < 1 || month > 12 {
			return Period{}, false
		}
		return Of(Date(year, time.Month(month), 1), Month), true
	case len(rest) == 4 && rest[:2] == "-W":
		week, ok := digits(rest[2:])
		if !ok || week < 1 || week > WeeksInYear(year) {
			return Period{}, false
		}
		return ofWeek(year, week), true
	}
	return Period{}, false
}

// digits reads a number written with the digits 0 to 9 only.
func digits(text string) (int, bool) {
	n := 0
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = 10*n + int(text[i]-'0')
	}
	return n, true
}

// Of returns the period of the given kind that the day of date (in date's own location) falls into.
// An unknown kind gives the zero Period.
func Of(date time.Time, kind Kind) Period {
	day := Day(date)
	year, month, _ := day.Date()
	switch kind {
	case Year:
		return Period{Year, Date(year, time.January, 1), Date(year, time.December, 31)}
	case Quarter:
		first := (month-1)/3*3 + 1
		return Period{Quarter, Date(year, first, 1), Date(year, first+3, 0)}
	case Month:
		return Period{Month, Date(year, month, 1), Date(year, month+1, 0)}
	case Week:
		monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		return Period{Week, monday, monday.AddDate(0, 0, 6)}
	}
	return Period{}
}

// ofWeek returns an ISO week by its ISO year and number; 4 January is always in week 1.
func ofWeek(isoYear, week int) Period {
	return Of(Date(isoYear, time.January, 4+7*(week-1)), Week)
}

// WeeksInYear returns the number of ISO weeks, 52 or 53, of an ISO year.
func WeeksInYear(isoYear int) int {
	_, week := Date(isoYear, time.December, 28).ISOWeek()
	return week
}

// String writes the period as Parse reads it; the zero Period is the empty text.
func (p Period) String() string {
	switch p.Kind {
	case Year:
		return fmt.Sprintf("%04d", p.Start.Year())
	case Quarter:
		return fmt.Sprintf("%04dQ%d", p.Start.Year(), (int(p.Start.Month())+2)/3)
	case Month:
		return fmt.Sprintf("%04d-%02d", p.Start.Year(), int(p.Start.Month()))
	case Week:
		year, week := p.Start.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, week)
	}
	return ""
}

// Next returns the period of the same kind n periods later (earlier for a negative n).
func (p Period) Next(n int) Period {
	switch p.Kind {
	case Year:
		return Of(p.Start.AddDate(n, 0, 0), Year)
	case Quarter:
		return Of(p.Start.AddDate(0, 3*n, 0), Quarter)
	case Month:
		return Of(p.Start.AddDate(0, n, 0), Month)
	case Week:
		return Of(p.Start.AddDate(0, 0, 7*n), Week)
	}
	return Period{}
}

// Prev returns the period of the same kind n periods earlier.
func (p Period) Prev(n int) Period { return p.Next(-n) }

// YearEarlier returns the period of the same name a year earlier, the usual one to compare with. Week 53
// has none in a year of 52 weeks and gives that year's week 52.
func (p Period) YearEarlier() Period {
	if p.Kind != Week {
		return Of(p.Start.AddDate(-1, 0, 0), p.Kind)
	}
	year, week := p.Start.ISOWeek()
	return ofWeek(year-1, min(week, WeeksInYear(year-1)))
}

// Contains reports whether the day of date (in date's own location) lies in the period.
func (p Period) Contains(date time.Time) bool {
	day := Day(date)
	return !day.Before(p.Start) && !day.After(p.End)
}

// Days returns the number of days in the period.
func (p Period) Days() int { return daysBetween(p.Start, p.End) + 1 }

// Between returns the periods of one kind from the one that holds the day of from to the one that holds the
// day of to, both included, in time order. It is empty if to lies before from's period.
func Between(from, to time.Time, kind Kind) []Period {
	var periods []Period
	last := Of(to, kind)
	for p := Of(from, kind); p.Kind != 0 && !p.Start.After(last.Start); p = p.Next(1) {
		periods = append(periods, p)
	}
	return periods
}

// WeeksBetween returns how many weeks later the week of the day to is than the week of the day from.
func WeeksBetween(from, to time.Time) int {
	return daysBetween(Of(from, Week).Start, Of(to, Week).Start) / 7
}

// Date returns the day with this year, month and day of the month, at midnight UTC. Values outside the
// calendar roll over as in time.Date.
func Date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Day returns the day that an instant falls on in its own location, at midnight UTC.
func Day(instant time.Time) time.Time {
	year, month, day := instant.Date()
	return Date(year, month, day)
}

// Today returns the day that the clock shows in the location.
func Today(clock func() time.Time, location *time.Location) time.Time {
	return Day(clock().In(location))
}

// Shanghai is the time zone of every schedule and calendar day: UTC+8 without summer time, which China has
// not had since 1991. It does not depend on the time zone files of the machine.
func Shanghai() *time.Location { return time.FixedZone("Asia/Shanghai", 8*60*60) }

// daysBetween counts the days from one midnight UTC to another; unlike time.Sub it has no limit of 292 years.
func daysBetween(from, to time.Time) int {
	return int((to.Unix() - from.Unix()) / (24 * 60 * 60))
}
