package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"ohwatch/internal/message"
)

// board is one warning and one group event, and takes steps as desk does.
type board struct{ desk }

func (b *board) List(_ context.Context, f WarningFilter) (WarningList, error) {
	row := WarningRow{ID: "R01-1", Title: hostile, Severity: "red", SeverityName: "red", StateName: hostile, Owner: hostile}
	return WarningList{
		Filter: f, Rows: []WarningRow{row}, Total: 101, Pages: 3, Areas: []Choice{{"410184101", hostile}}, Counts: []SeverityCount{{"red", "red", 101}},
	}, nil
}

func (b *board) Detail(_ context.Context, id string) (WarningDetail, error) {
	switch id {
	case "none":
		return WarningDetail{}, said{}
	case "gone":
		return WarningDetail{}, errors.New("secret")
	}
	return WarningDetail{
		WarningRow: WarningRow{ID: id, Title: hostile, Severity: "red"}, Facts: [][2]string{{"object", hostile}}, Rows: []EvidenceRow{{File: hostile}},
		History: []HistoryLine{{Event: "opened", Text: hostile, Attachments: []string{hostile}}}, Moves: 3, Steps: []string{"acting", "closed", "comment"},
		Outcomes: []Choice{{"other", "other"}},
	}, nil
}

func (b *board) Step(ctx context.Context, id string, s WarningStep) (any, error) {
	switch s.Step {
	case "verified":
		return nil, said{}
	case "dismissed":
		return nil, errors.New("secret")
	}
	return b.desk.Step(ctx, id, s)
}

func (b *board) Events(context.Context) (EventList, error) {
	return EventList{Exercises: []EventRow{{ID: "X1", Title: hostile, Exercise: true}}, Proposals: []EventProposal{{hostile, hostile}}}, nil
}

func (b *board) Event(_ context.Context, id string) (EventDetail, error) {
	if id == "none" {
		return EventDetail{}, said{}
	}
	return EventDetail{EventRow: EventRow{ID: id, Title: hostile, Exercise: true}, Lines: []EventLine{{Text: hostile}}}, nil
}

func (b *board) EventReport(_ context.Context, id string) ([]byte, error) {
	if id == "none" {
		return nil, said{}
	}
	return []byte("<!DOCTYPE html><title>report</title>"), nil
}

func TestDesk(t *testing.T) {
	b := &board{}
	s := server(t, message.English)
	s.Warnings, s.Desk, s.Events = b, b, b
	form := func(pairs ...string) string {
		v := url.Values{"moves": {"3"}}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v.Encode()
	}
	foreign := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, x := range map[string]struct {
		method, path, body string
		change             func(*http.Request)
		status             int
		want               string
	}{
		"list":              {"GET", "/warnings?area=410184101&page=2", "", nil, 200, `<option value="410184101" selected>`},
		"next page":         {"GET", "/warnings?area=410184101&page=2", "", nil, 200, `href="/warnings?area=410184101&amp;page=3"`},
		"page of no number": {"GET", "/warnings?page=x", "", nil, 200, "Page 1 of 3"},
		"show":              {"GET", "/warnings/R01-1", "", nil, 200, `name="moves" value="3"`},
		"no such warning":   {"GET", "/warnings/none", "", nil, 404, "there is no warning X"},
		"broken":            {"GET", "/warnings/gone", "", nil, 500, "cannot be shown"},
		"step":              {"POST", "/warnings/R01-1", form("step", "acting", "by", "li"), nil, 303, ""},
		"step of none":      {"POST", "/warnings/none", form("step", "acting", "by", "li"), nil, 404, "there is no warning X"},
		"nobody":            {"POST", "/warnings/R01-1", form("step", "acting", "comment", "kept <b>"), nil, 422, "kept &lt;b&gt;"},
		"no outcome":        {"POST", "/warnings/R01-1", form("step", "closed", "by", "li"), nil, 422, "Choose the outcome"},
		"refused":           {"POST", "/warnings/R01-1", form("step", "verified", "by", "li", "comment", "typed"), nil, 409, "typed"},
		"failed":            {"POST", "/warnings/R01-1", form("step", "dismissed", "by", "li", "outcome", "x"), nil, 500, ""},
		"without moves":     {"POST", "/warnings/R01-1", "step=acting&by=li", nil, 400, "moves"},
		"no such step":      {"POST", "/warnings/R01-1", form("step", "eaten", "by", "li"), nil, 400, "no such step"},
		"no form":           {"POST", "/warnings/R01-1", "{}", foreign("Content-Type", "application/json"), 400, "form"},
		"too much":          {"POST", "/warnings/R01-1", form("step", "comment", "comment", strings.Repeat("x", stepMost)), nil, 400, "too large"},
		"another site":      {"POST", "/warnings/R01-1", form("step", "acting", "by", "li"), foreign("Sec-Fetch-Site", "cross-site"), 403, ""},
		"another origin":    {"POST", "/warnings/R01-1", form("step", "acting", "by", "li"), foreign("Origin", "http://evil.example"), 403, ""},
		"another host":      {"POST", "/warnings/R01-1", form("step", "acting", "by", "li"), func(r *http.Request) { r.Host = "evil.example" }, 421, ""},
		"events":            {"GET", "/events", "", nil, 200, `href="/events/X1"`},
		"event":             {"GET", "/events/X1", "", nil, 200, `class="banner"`},
		"no such event":     {"GET", "/events/none", "", nil, 404, "there is no warning X"},
		"no such report":    {"GET", "/events/none/report", "", nil, 404, "there is no warning X"},
		"report":            {"GET", "/events/X1/report", "", nil, 200, "report"},
		"from the index":    {"GET", "/", "", nil, 200, `href="/warnings"`},
	} {
		status, text := ask(t, s, x.method, x.path, x.body, func(r *http.Request) {
			if x.method == "POST" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			if x.change != nil {
				x.change(r)
			}
		})
		if status != x.status || !strings.Contains(text, x.want) {
			t.Errorf("%s: %d, want %d and %s in\n%s", name, status, x.status, x.want, text)
		}
		for _, no := range []string{"<script", "<img", "secret", "[desk."} {
			if strings.Contains(text, no) {
				t.Errorf("%s holds %s:\n%s", name, no, text)
			}
		}
	}
	if len(b.done) != 1 || b.done[0] != "step R01-1 acting li" {
		t.Errorf("done: %q", b.done)
	}
	r := get(t, s, "/warnings/R01-1")
	if got := r.Header.Get("Content-Security-Policy"); got != pagePolicy {
		t.Errorf("policy %q", got)
	}
	if got := get(t, s, "/events/X1/report").Header.Get("Content-Security-Policy"); got != bulletinPolicy {
		t.Errorf("policy of the report %q", got)
	}
}
