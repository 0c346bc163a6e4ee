package stats

import "time"

// ISOWeek is the place of a day in the ISO 8601 calendar of weeks.
type ISOWeek struct {
	Year        int // ISO year, which may differ from the calendar year around New Year
	Week        int // 1 to 53
	Weekday     int // 1 is Monday, 7 is Sunday
	Monday      time.Time
	WeeksInYear int // 52 or 53
}

// ISOWeekOf returns the ISO week of a day given at midnight UTC. It equals R's format(date, "%G %V %u").
func ISOWeekOf(day time.Time) ISOWeek {
	year, week := day.ISOWeek()
	weekday := (int(day.Weekday())+6)%7 + 1
	_, last := time.Date(year, time.December, 28, 0, 0, 0, 0, time.UTC).ISOWeek()
	return ISOWeek{Year: year, Week: week, Weekday: weekday, Monday: day.AddDate(0, 0, 1-weekday), WeeksInYear: last}
}
