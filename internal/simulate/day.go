package simulate

import (
	"strconv"
	"time"
)

// day is a calendar date, counted in days from 1900-01-01. The zero value means "no date": nothing in the
// simulated city happens on that day.
type day int32

// unixDay is 1970-01-01.
const unixDay = 25567

// dayOf returns the date y-m-d. Months and days outside their range roll over as in time.Date.
func dayOf(year int, month time.Month, d int) day {
	return day(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Unix()/86400 + unixDay)
}

// dayFrom returns the date of t in t's own time zone.
func dayFrom(t time.Time) day { return dayOf(t.Year(), t.Month(), t.Day()) }

func (d day) time() time.Time { return time.Unix(int64(d-unixDay)*86400, 0).UTC() }

func (d day) date() (year int, month time.Month, dayOfMonth int) { return d.time().Date() }

func (d day) year() int { return d.time().Year() }

// addMonths returns the same day of the month n months later, or that month's last day when it is shorter.
func (d day) addMonths(n int) day {
	y, m, dom := d.date()
	first := time.Date(y, m+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return dayOf(first.Year(), first.Month(), min(dom, last))
}

// addYears returns the same day n years later; 29 February becomes 28 February where needed.
func (d day) addYears(n int) day { return d.addMonths(12 * n) }

// monthStart returns the first day of d's month.
func (d day) monthStart() day { y, m, _ := d.date(); return dayOf(y, m, 1) }

// monthIndex numbers months without gaps, for comparing months across years.
func (d day) monthIndex() int { y, m, _ := d.date(); return y*12 + int(m) - 1 }

// quarter returns 1 to 4.
func (d day) quarter() int { _, m, _ := d.date(); return (int(m)-1)/3 + 1 }

// lastQuarterEnd returns the last day of the latest calendar quarter that has ended on or before d.
func (d day) lastQuarterEnd() day {
	y, m, _ := d.date()
	next := dayOf(y, time.Month((int(m)-1)/3*3+4), 1) // first day of the next quarter
	if next-1 == d {
		return d
	}
	return dayOf(y, time.Month((int(m)-1)/3*3+1), 1) - 1
}

// week returns the ISO week of d, for example 2026-W46.
func (d day) week() string {
	y, w := d.time().ISOWeek()
	s := strconv.Itoa(w)
	if w < 10 {
		s = "0" + s
	}
	return strconv.Itoa(y) + "-W" + s
}

// String returns d as 2026-11-15, or "" for no date.
func (d day) String() string { return d.format(dashes) }

// dateForm is a way in which senders write dates.
type dateForm uint8

const (
	dashes  dateForm = iota // 2025-03-07
	slashes                 // 2025/3/7
	compact                 // 20250307
	chinese                 // 2025年3月7日
	serial                  // 45723, the day number of a spreadsheet with the 1900 date system
)

func (d day) format(f dateForm) string {
	if d == 0 {
		return ""
	}
	y, m, dom := d.date()
	var b [24]byte
	out := b[:0]
	two := func(n int) {
		if n < 10 {
			out = append(out, '0')
		}
		out = strconv.AppendInt(out, int64(n), 10)
	}
	switch f {
	case slashes:
		out = strconv.AppendInt(out, int64(y), 10)
		out = append(out, '/')
		out = strconv.AppendInt(out, int64(m), 10)
		out = append(out, '/')
		out = strconv.AppendInt(out, int64(dom), 10)
	case compact:
		out = strconv.AppendInt(out, int64(y), 10)
		two(int(m))
		two(dom)
	case chinese:
		out = strconv.AppendInt(out, int64(y), 10)
		out = append(out, "年"...)
		out = strconv.AppendInt(out, int64(m), 10)
		out = append(out, "月"...)
		out = strconv.AppendInt(out, int64(dom), 10)
		out = append(out, "日"...)
	case serial:
		out = strconv.AppendInt(out, int64(d.excel()), 10)
	default:
		out = strconv.AppendInt(out, int64(y), 10)
		out = append(out, '-')
		two(int(m))
		out = append(out, '-')
		two(dom)
	}
	return string(out)
}

// excel returns the day number of a spreadsheet with the 1900 date system.
func (d day) excel() int { return int(d) + 2 }
