package web

import (
	"context"
	"errors"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// WarningFilter chooses the warnings of the list. Empty: any.
type WarningFilter struct {
	Addressee, Area, State, Severity, Rule, Week, Budget string // Budget: empty: those that are no entries of a list only; listed: the others; all
	All                                                  bool   // resolved, closed and dismissed ones as well
	Page                                                 int    // from 1
}

// Link is the address of the list with one field changed.
func (f WarningFilter) Link(field, value string) string {
	v := url.Values{}
	for name, text := range map[string]string{
		"addressee": f.Addressee, "area": f.Area, "state": f.State, "severity": f.Severity, "rule": f.Rule, "week": f.Week, "budget": f.Budget,
	} {
		if text != "" {
			v.Set(name, text)
		}
	}
	if f.All {
		v.Set("all", "1")
	}
	if v.Del(field); value != "" {
		v.Set(field, value)
	}
	if len(v) == 0 {
		return warningsPage
	}
	return warningsPage + "?" + v.Encode()
}

// Narrow reports whether the filter leaves something out that the list shows without one.
func (f WarningFilter) Narrow() bool {
	f.Page = 0
	return f != WarningFilter{}
}

// Prev and Next are the pages beside this one.
func (f WarningFilter) Prev() string { return strconv.Itoa(f.Page - 1) }

// Next is the page after this one.
func (f WarningFilter) Next() string { return strconv.Itoa(f.Page + 1) }

// WarningRow is one warning as the pages name it.
type WarningRow struct {
	ID, Title, Rule, RuleTitle, Area, Object, Addressees, Due, Owner, Since string
	Severity, SeverityName, State, StateName                                string
	Overdue, Late, Listed                                                   bool // Listed: an entry of a list, over a budget, for somebody
	Evidence                                                                uint64
}

// SeverityCount is how many warnings of a severity the rest of a filter chooses.
type SeverityCount struct {
	Severity, SeverityName string
	N                      int
}

// WarningList is one page of the list.
type WarningList struct {
	Filter                                                       WarningFilter
	Rows                                                         []WarningRow
	Total, Beside, Pages                                         int
	Counts                                                       []SeverityCount
	Addressees, Areas, States, Severities, Rules, Weeks, Budgets []Choice
}

// EvidenceRow is one row behind a warning.
type EvidenceRow struct{ Stream, Batch, Row, File string }

// HistoryLine is one thing that happened to a warning.
type HistoryLine struct {
	At, Week, Event, By, Text string
	Attachments               []string
}

// WarningDetail is everything about one warning.
type WarningDetail struct {
	WarningRow
	Facts    [][2]string
	Rows     []EvidenceRow
	History  []HistoryLine // oldest first
	Moves    int           // that the history holds, see WarningStep
	Steps    []string      // that may be done now
	Outcomes []Choice
	Events   []Choice // group events that it opened
}

// WarningDesk answers the pages of warnings. An error with a Message is about what was asked for.
type WarningDesk interface {
	List(ctx context.Context, f WarningFilter) (WarningList, error)
	Detail(ctx context.Context, id string) (WarningDetail, error)
}

const warningsPage = "/warnings"

// byCookie remembers who acted, so that the name need not be typed again. It gives no right to anything.
const (
	byCookie     = "by"
	byCookieDays = 90
	byMost       = 64 // letters
)

func (s *Server) handleDesk(mux *http.ServeMux, pages *template.Template) {
	mux.HandleFunc("GET "+warningsPage, s.page(pages, "warnings.html", func(r *http.Request) (any, error) {
		v := r.URL.Query()
		page, err := strconv.Atoi(v.Get("page"))
		if err != nil || page < 1 {
			page = 1
		}
		return s.Desk.List(r.Context(), WarningFilter{
			Addressee: v.Get("addressee"), Area: v.Get("area"), State: v.Get("state"), Severity: v.Get("severity"), Rule: v.Get("rule"), Week: v.Get("week"),
			Budget: v.Get("budget"),
			All:    v.Get("all") != "", Page: page,
		})
	}))
	show := func(w http.ResponseWriter, r *http.Request, status int, form stepForm) {
		s.writePage(w, r, pages, "warning.html", status, func() (any, error) {
			detail, err := s.Desk.Detail(r.Context(), r.PathValue("id"))
			if err != nil {
				return nil, err
			}
			form.Moves = detail.Moves // what is typed now is typed in sight of all that has happened
			if !slices.Contains(detail.Steps, form.Step) {
				form.Lost = form.Step != "" // the step is no longer possible, what was typed is shown beside
			}
			return struct {
				WarningDetail
				Form stepForm
			}{detail, form}, nil
		})
	}
	mux.HandleFunc("GET "+warningsPage+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		form := stepForm{Done: r.URL.Query().Get("did")}
		if cookie, err := r.Cookie(byCookie); err == nil {
			if by, err := url.QueryUnescape(cookie.Value); err == nil {
				form.By = by
			}
		}
		show(w, r, http.StatusOK, form)
	})
	mux.HandleFunc("POST "+warningsPage+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		id := r.PathValue("id")
		form, err := readForm(w, r)
		if err != nil {
			http.Error(w, s.Printer.Text("serve.bad_step", map[string]any{"error": err}), http.StatusBadRequest)
			return
		}
		if form.Fault = s.missing(form); form.Fault != "" {
			show(w, r, http.StatusUnprocessableEntity, form)
			return
		}
		if _, err := s.Desk.Detail(r.Context(), id); err != nil {
			show(w, r, http.StatusOK, form) // says that there is no such warning
			return
		}
		if _, err := s.Warnings.Step(r.Context(), id, form.WarningStep); err != nil {
			status, sentence := s.failure(r, err)
			if status == http.StatusNotFound { // the warning is there, but the step does not fit it
				status = http.StatusConflict
			}
			form.Fault, form.Conflict = sentence, status == http.StatusConflict
			show(w, r, status, form)
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: byCookie, Value: url.QueryEscape(form.By), Path: warningsPage, MaxAge: byCookieDays * 24 * 60 * 60, HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
		http.Redirect(w, r, warningsPage+"/"+url.PathEscape(id)+"?did="+url.QueryEscape(form.Step)+"#history", http.StatusSeeOther)
	})
}

// stepForm is what was typed into the form of a step, and what was wrong with it.
type stepForm struct {
	WarningStep
	Documents string // names of documents, one a line
	Fault     string // why it was not done; empty: it was not tried
	Conflict  bool   // somebody else was quicker
	Lost      bool   // the step is not possible any more
	Done      string // the step that was done just now
}

// readForm reads a posted form.
func readForm(w http.ResponseWriter, r *http.Request) (f stepForm, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return f, errors.New("want a form")
	}
	r.Body = http.MaxBytesReader(w, r.Body, stepMost)
	if err := r.ParseForm(); err != nil {
		return f, err
	}
	text := func(name string) string { return strings.TrimSpace(r.PostForm.Get(name)) }
	f.Step, f.By, f.Comment, f.Owner, f.Due, f.Outcome, f.Documents = text("step"), text("by"), text("comment"), text("owner"), text("due"), text("outcome"), text("documents")
	if f.By = firstLetters(f.By, byMost); f.Documents != "" {
		for line := range strings.SplitSeq(f.Documents, "\n") {
			if line = strings.TrimSpace(line); line != "" {
				f.Attachments = append(f.Attachments, line)
			}
		}
	}
	if !slices.Contains(deskSteps(), f.Step) {
		return f, errors.New("there is no such step")
	}
	if f.Moves, err = strconv.Atoi(text("moves")); err != nil || f.Moves < 1 {
		return f, errors.New("want the number of moves that the page was shown with")
	}
	return f, nil
}

// deskSteps are the steps that have a form.
func deskSteps() []string {
	return []string{"acknowledged", "assigned", "acting", "verified", "closed", "dismissed", "comment"}
}

func firstLetters(text string, most int) string {
	letters := []rune(text)
	return string(letters[:min(len(letters), most)])
}

// missing says what a form lacks.
func (s *Server) missing(f stepForm) string {
	key := ""
	switch {
	case f.By == "":
		key = "need_by"
	case f.Step == "assigned" && f.Owner == "":
		key = "need_owner"
	case f.Step == "closed" && f.Outcome == "":
		key = "need_outcome"
	case f.Step == "dismissed" && f.Outcome == "":
		key = "need_reason"
	case f.Step == "comment" && f.Comment == "" && len(f.Attachments) == 0:
		key = "need_comment"
	default:
		return ""
	}
	return s.Printer.Text("desk."+key, nil)
}
