package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ohwatch/internal/period"
)

func at(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05", text, period.Shanghai())
	if err != nil {
		panic(err)
	}
	return t
}

func TestParse_Next(t *testing.T) {
	for _, c := range []struct{ text, after, want string }{
		{"0 6 * * 1", "2026-11-15 23:00:00", "2026-11-16 06:00:00"},
		{"0 6 * * 1", "2026-11-16 06:00:00", "2026-11-23 06:00:00"},
		{"0 6 * * MON", "2026-11-16 05:59:59", "2026-11-16 06:00:00"},
		{"*/5 * * * *", "2026-12-31 23:58:00", "2027-01-01 00:00:00"},
		{"0 0 29 2 *", "2026-01-01 00:00:00", "2028-02-29 00:00:00"},
		{"  @daily ", "2026-03-01 12:00:00", "2026-03-02 00:00:00"},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		// The instant counts, not the zone it is written in.
		if got := e.Next(at(c.after).UTC()); !got.Equal(at(c.want)) {
			t.Errorf("%q after %s: %s, want %s", c.text, c.after, got, c.want)
		}
	}
}

func TestParse_Refused(t *testing.T) {
	for _, text := range []string{
		"", " ", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "x * * * *", "5-1 * * * *", "*/0 * * * *",
		"TZ=0", "CRON_TZ=X", "TZ=Asia/Shanghai 0 6 * * 1", "CRON_TZ=UTC 0 6 * * 1", // panic or change the zone in the library
		"0 0 31 2 *", "0 0 31 4,6,9,11 *", // accepted by the library and never due
		"@every 5m", "@reboot", "@", "0 0 31 2 * @daily",
	} {
		if e, err := Parse(text); err == nil || !errors.Is(err, ErrExpression) {
			t.Errorf("Parse(%q) = %v, %v; want ErrExpression", text, e, err)
		}
	}
}

func TestExpression_ZeroNeverFires(t *testing.T) {
	if got := (Expression{}).Next(at("2026-01-01 00:00:00")); !got.IsZero() {
		t.Errorf("the zero expression fires at %s", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0 6 * * 1", "TZ=0", "CRON_TZ=X", "@daily", "0 0 31 2 *", "1-5/2,7 * ? JAN sun", "*/99999999999 * * * *"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		from := at("2026-01-01 00:00:00")
		next := e.Next(from)
		if !next.After(from) || next.Second() != 0 {
			t.Fatalf("%q is next due at %s", text, next)
		}
		if strings.Contains(text, "TZ") {
			t.Fatalf("%q carries a zone", text)
		}
	})
}
