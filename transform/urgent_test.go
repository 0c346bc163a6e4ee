package transform_test

import (
	"testing"
	"time"

	"ohwatch/transform"
)

// urgent looks for red warnings; all rules must work.
func (c *city) urgent() transform.Evaluation {
	c.Helper()
	e, err := transform.Urgent(c.Context(), c.db, transform.Options{Today: c.today, Files: c.files})
	if err != nil {
		c.Fatal(err)
	}
	for _, broken := range e.Broken {
		c.Error(broken)
	}
	return e
}

// TestUrgent raises what is red in the running week, at once and once, and leaves everything else to the week's own evaluation.
func TestUrgent(t *testing.T) {
	c := newCity(t, "2026-11-18") // a Wednesday of 2026-W47
	c.files = rulesOf(t, "R06", "R23", "R33", "R34", "R35")
	c.load("employer", employer("A"), employer("B"), employer("C"))
	c.load("case_report", card("A", "OLD", 1, silicosis, "2026-11-12", "card_kind", "'pneumoconiosis'", "exposure_months", "30"))
	c.evaluate("2026-W46")
	before := only(t, c, "R06")
	others := c.query("SELECT toString(count()) FROM wrn_event WHERE rule != 'R06'")
	if others == "0" {
		t.Fatal("no other warning to be left alone")
	}

	if e := c.urgent(); e.Opened+e.Reopened+e.Resolved != 0 || raised(e, "R06") != "red "+before.ObjectName {
		t.Errorf("nothing new: %d opened, red ones %s", e.Opened, raised(e, "R06"))
	}
	c.load("case_report",
		card("B", "NEW", 2, silicosis, "2026-11-17", "card_kind", "'pneumoconiosis'", "exposure_months", "30"),
		card("C", "NEXT", 3, silicosis, "2026-11-19", "card_kind", "'pneumoconiosis'", "exposure_months", "30")) // tomorrow
	e := c.urgent()
	if got := raised(e, "R06"); e.Opened != 1 || got != "red "+before.ObjectName+", red "+only(t, c, "R06", "厂B").ObjectName {
		t.Errorf("after the load: %d opened, %s", e.Opened, got)
	}
	w := only(t, c, "R06", "厂B")
	if w.State != "new" || w.FirstWeek != "2026-W47" || w.DueDay != "2026-12-02" || w.Late {
		t.Errorf("raised %+v", w)
	}
	if again := c.urgent(); again.Opened != 0 {
		t.Errorf("%d opened again", again.Opened)
	}
	if after := c.query("SELECT toString(count()) FROM wrn_event WHERE rule != 'R06'"); after != others {
		t.Errorf("the look for red ones wrote %s events of other rules, before %s", after, others)
	}
	at, err := transform.Raised(t.Context(), c.db)
	if err != nil || time.Since(at[w.ID]) > time.Hour || at[w.ID].Before(at[before.ID]) {
		t.Errorf("raised at %v, %v", at, err)
	}
	// The week before is still the last one evaluated, and its evaluation is not one of the past.
	if e := c.evaluate("2026-W46"); e.Opened != 0 || e.Resolved != 0 {
		t.Errorf("2026-W46 once more: %d opened, %d resolved", e.Opened, e.Resolved)
	}
	c.today = c.today.AddDate(0, 0, 5)
	if e := c.evaluate("2026-W47"); only(t, c, "R06", "厂B").LastWeek != "2026-W47" {
		t.Errorf("2026-W47: %d opened", e.Opened)
	}
}
