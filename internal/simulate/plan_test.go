package simulate

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"ohwatch/internal/period"
)

func TestParsePlan(t *testing.T) {
	week := period.Of(period.Date(2024, time.March, 4), period.Week)
	for text, want := range map[string]Plan{
		"spike,3,2024-W10":                     {Kind: PlanSpike, Size: 3, Week: week},
		"rise,12,2024-W10,410184101":           {Kind: PlanRise, Size: 12, Week: week, Area: "410184101"},
		"cluster,5,2024-W10,,HZ-1-001":         {Kind: PlanCluster, Size: 5, Week: week, Hazard: "HZ-1-001"},
		"shift,30,2024-W10,410184101,HZ-3-001": {Kind: PlanShift, Size: 30, Week: week, Area: "410184101", Hazard: "HZ-3-001"},
	} {
		if got, err := ParsePlan(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "spike", "spike,3", "spike,0,2024-W10", "spike,x,2024-W10", "wave,3,2024-W10", "spike,3,2024", "spike,3,2024-W60", "spike,3,2024-W10,a,b,c"} {
		var wrong *OptionError
		if _, err := ParsePlan(text); !errors.As(err, &wrong) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestPlan_CardsSumToItsSize(t *testing.T) {
	for _, kind := range []PlanKind{PlanSpike, PlanRise, PlanCluster, PlanShift} {
		for size := 1; size < 60; size++ {
			cards := Plan{Kind: kind, Size: size}.cards()
			sum := 0
			for week, n := range cards {
				if n < 0 {
					t.Fatalf("%s of %d: %d cards in week %d", kind, size, n, week)
				}
				sum += n
			}
			if sum != size || len(cards) != kind.weeks() {
				t.Fatalf("%s of %d: %d cards in %d weeks", kind, size, sum, len(cards))
			}
		}
	}
}

// Plans add their cards to a city that otherwise lives as it would without them.
func TestObserve_PlansAddTheirCards(t *testing.T) {
	opt := Options{Seed: 4, Scale: 0.1, FromYear: 2018, ToYear: 2024}
	plain, err := Observe(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"spike,4,2022-W20", "rise,8,2022-W40", "cluster,5,2021-W12", "shift,15,2023-W02"} {
		p, err := ParsePlan(text)
		if err != nil {
			t.Fatal(err)
		}
		opt.Plans = append(opt.Plans, p)
	}
	opt.Plans = append(opt.Plans, Plan{Kind: PlanSpike, Size: 3, Week: period.Of(period.Date(2018, time.March, 1), period.Week)}) // too early
	planted, err := Observe(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(planted.Events) - len(plain.Events); got != 4 {
		t.Fatalf("%d events more, want 4: %+v", got, planted.Events)
	}
	sizes := map[string]int{}
	for _, e := range planted.Events {
		if strings.HasPrefix(e.ID, "plan-") {
			sizes[e.Kind] = e.Size
			n := 0
			for _, c := range planted.Cards {
				week := period.Of(c.Reported, period.Week).String()
				if c.Kind == cardSuspected && c.Hazard == e.Hazard && e.FromWeek <= week && week <= e.ToWeek &&
					(c.Area == e.Area || e.Kind == string(PlanShift)) && (e.Employer == "" || c.Employer == e.Employer) {
					n++
				}
			}
			if n < e.Size {
				t.Errorf("%s: %d of its %d cards arrived", e.ID, n, e.Size)
			}
		}
	}
	if want := map[string]int{"spike": 4, "rise": 8, "cluster": 5, "shift": 15}; !reflect.DeepEqual(sizes, want) {
		t.Errorf("planted %v, want %v", sizes, want)
	}
	count := func(r Record) (n int) {
		for _, c := range r.Cards {
			if c.Kind == cardSuspected {
				n++
			}
		}
		return n
	}
	before, after := count(plain), count(planted)
	if after < before+25 || after > before+32 {
		t.Errorf("%d suspected cases, %d without the plans", after, before)
	}
}
