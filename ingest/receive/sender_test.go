package receive

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ohwatch/ingest"
	"ohwatch/internal/period"
)

func TestParseExpectation(t *testing.T) {
	for text, want := range map[string]Expectation{
		"exam": {Stream: "exam"}, "exam=monthly": {"exam", period.Month, 10}, "dose=quarterly:15": {"dose", period.Quarter, 15},
		"case_report=weekly:0": {"case_report", period.Week, 0}, " employer=yearly:31 ": {"employer", period.Year, 31}, "exam=month:3": {"exam", period.Month, 3},
	} {
		got, err := ParseExpectation(text)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
			continue
		}
		if again, err := ParseExpectation(got.String()); err != nil || again != got {
			t.Errorf("%q written as %q reads as %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "nothing", "exam=", "exam=daily", "exam=monthly:", "exam=monthly:-1", "exam=monthly:367", "exam=monthly:x"} {
		var fault *Fault
		if got, err := ParseExpectation(text); !errors.As(err, &fault) {
			t.Errorf("%q: %+v, %v; want a fault", text, got, err)
		}
	}
}

func TestCheckSender(t *testing.T) {
	for _, name := range []string{"新郑市人民医院", "JG 01", "a.b", "甲（东区）"} {
		if err := CheckSender(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", " a", "a/b", `a\b`, "..", ".x", "~x", "-x", "a\nb", "a\u202eb", "a:b", string(make([]byte, 65)), "\xff"} {
		if err := CheckSender(name); err == nil {
			t.Errorf("%q is taken for a name", name)
		}
	}
}

// The same bytes are a letter with an accent in UTF-8 and an ideograph in GB18030: the profile says which.
func TestProfile_EncodingDecidesWhereTheBytesDont(t *testing.T) {
	o := newOffice(t)
	for encoding, want := range map[string]string{"": "utf-8", "gb18030": "gb18030"} {
		p := Profile{Sender: "甲" + encoding, Encoding: encoding, Since: period.Date(2025, 1, 1)}
		if err := SetProfile(t.Context(), o.db, p, time.Now()); err != nil {
			t.Fatal(err)
		}
		loader, err := ingest.Open(t.Context(), ingest.Config{DB: o.db, Dir: o.Dir, Today: o.Today()})
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Delivery("insurance")
		if err != nil {
			t.Fatal(err)
		}
		text := "uscc,employer_name,period,insured_count\n" + employerCode + ",\xc4\xa3\xc4\xa3,2026-01,5\n" + encoding + ",x,2026-01,1\n"
		if d.Source, err = o.keep(strings.NewReader(text), "a.csv"); err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := loader.Deliver(t.Context(), d, func(r ingest.Result) error {
			got = append(got, r.Encoding)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if err := loader.Close(); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("encoding %q: read as %v, want %s", encoding, got, want)
		}
	}
}
