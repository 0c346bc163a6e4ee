package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
)

// words puts numbers and dates into the words of one language. Every figure of a page passes through here
// exactly once, so that it reads the same in a sentence, in a chart and in a table.
type words struct{ p *message.Printer }

func (w words) chinese() bool { return w.p.Lang() == message.Chinese }

// say returns a text of the catalogue; args are names and values in turn.
func (w words) say(key string, args ...any) string {
	named := make(map[string]any, len(args)/2)
	for i := 0; i+1 < len(args); i += 2 {
		named[args[i].(string)] = args[i+1]
	}
	return w.p.Text(key, named)
}

// in returns a text in the language of the page, in the other one where it is missing.
func (w words) in(t message.Text) string {
	if s := t.In(w.p.Lang()); s != "" {
		return s
	}
	return t.Zh + t.En
}

// place names an area; one without a name is unassigned.
func (w words) place(area message.Text) string {
	if name := w.in(area); name != "" {
		return name
	}
	return w.say("report.unassigned")
}

// count writes a whole number with separators of thousands.
func (w words) count(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// number writes a count that may carry decimals, such as an expected number.
func (w words) number(x float64) string {
	if x == math.Trunc(x) {
		return w.count(int(x))
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}

// tenths rounds half up to one decimal; the tiny push undoes binary fractions just under the half.
func tenths(x float64) float64 { return math.Floor(x*10+0.5+1e-9) / 10 }

// percent writes a share with one decimal, rounded half up. A share below its target never looks as if it
// had reached it: then it gets the decimals that show the difference.
func (w words) percent(share float64, target *float64) string {
	p := 100 * share
	text := strconv.FormatFloat(tenths(p), 'f', 1, 64)
	if target != nil && share < *target && tenths(p) >= tenths(100**target) {
		text = strconv.FormatFloat(math.Floor(p*1000)/1000, 'f', 3, 64)
	}
	return text + "%"
}

// target writes the target of a share without needless decimals.
func (w words) target(share float64) string {
	return strconv.FormatFloat(tenths(100*share), 'f', -1, 64) + "%"
}

// of writes a count of a total: 2/9, 2 of 9.
func (w words) of(n, d float64) string {
	return w.say("report.of", "n", w.number(n), "d", w.number(d))
}

// value writes a Value by its unit. A share of fewer than MinRanked units is written as a count of a total,
// never as a percentage.
func (w words) value(v Value, unit string, target *float64) string {
	switch {
	case v.Hidden:
		return w.say("report.hidden")
	case v.Value == nil:
		return w.say("report.no_data")
	case unit == "share" && v.D != nil && *v.D < MinRanked:
		return w.of(v.N, *v.D)
	case unit == "share":
		return w.percent(*v.Value, target)
	case unit == "mean", unit == "median":
		return decimals(*v.Value)
	case unit == "per_100000", unit == "per_10000":
		return strconv.FormatFloat(tenths(*v.Value), 'f', 1, 64)
	}
	return w.number(*v.Value)
}

// interval writes the 95 % interval of a Value, empty where there is none.
func (w words) interval(v Value, unit string) string {
	if v.Value == nil || v.Lower == nil || v.Upper == nil {
		return ""
	}
	low, high := *v.Lower, *v.Upper
	if unit == "share" {
		return w.say("report.range", "low", w.percent(low, nil), "high", w.percent(high, nil))
	}
	if unit == "mean" || unit == "median" {
		return w.say("report.range", "low", decimals(low), "high", decimals(high))
	}
	return w.say("report.range", "low", strconv.FormatFloat(tenths(low), 'f', 1, 64),
		"high", strconv.FormatFloat(tenths(high), 'f', 1, 64))
}

// date writes a day: 2026年11月9日, 9 November 2026.
func (w words) date(day time.Time) string {
	if day.IsZero() {
		return w.say("report.none")
	}
	if w.chinese() {
		return fmt.Sprintf("%d年%d月%d日", day.Year(), day.Month(), day.Day())
	}
	return day.Format("2 January 2006")
}

// iso writes a day for a table: 2026-11-09.
func (w words) iso(day time.Time) string {
	if day.IsZero() {
		return w.say("report.none")
	}
	return day.Format(time.DateOnly)
}

// shortDate writes a day without its year: 11月9日, 9 Nov.
func (w words) shortDate(day time.Time) string {
	if day.IsZero() {
		return w.say("report.none")
	}
	if w.chinese() {
		return fmt.Sprintf("%d月%d日", day.Month(), day.Day())
	}
	return day.Format("2 Jan")
}

// instant writes an instant by the clock of Shanghai to the minute.
func (w words) instant(at time.Time) string {
	at = at.In(period.Shanghai())
	return w.date(period.Day(at)) + at.Format(" 15:04")
}

// periodName writes a period as an axis shows it: 2026, 2026 Q3, 第46周.
func (w words) periodName(p period.Period) string {
	year := p.Start.Year()
	switch p.Kind {
	case period.Quarter:
		return fmt.Sprintf("%d Q%d", year, (int(p.Start.Month())+2)/3)
	case period.Month:
		return p.String()
	case period.Week:
		return w.say("report.week_short", "week", weekOf(p))
	}
	return strconv.Itoa(year)
}

// weekOf returns the number of an ISO week in its ISO year.
func weekOf(p period.Period) int {
	_, week := p.Start.ISOWeek()
	return week
}

// yearOf returns the ISO year of a week.
func yearOf(p period.Period) int {
	year, _ := p.Start.ISOWeek()
	return year
}

// list joins parts the way a sentence does.
func (w words) list(parts []string) string {
	return strings.Join(parts, w.say("report.list_separator"))
}

// clauses joins parts of a sentence that hold separators of their own.
func (w words) clauses(parts []string) string {
	return strings.Join(parts, w.say("report.clause_separator"))
}

// unit writes a count with the noun of an indicator: 1,079人, 1,079 workers.
func (w words) unit(indicator string, n float64) string {
	key := "report.unit." + strings.ToLower(strings.ReplaceAll(indicator, "-", "_"))
	if n == 1 {
		key += "_one"
	}
	return w.say(key, "n", w.number(n))
}
