package web

import (
	"context"
	"html/template"
	"net/http"
)

// EventRow is one group event as the pages name it.
type EventRow struct {
	ID, Title, State, StateName, Grade, GradeName, Started, Place string
	Ill, Dead                                                     string
	Missed                                                        int // deadlines
	Exercise                                                      bool
}

// EventProposal is an acute event of the loaded data that nobody follows.
type EventProposal struct{ Title, Command string }

// EventList is the page of group events.
type EventList struct {
	Open, Closed, Exercises []EventRow
	Proposals               []EventProposal
}

// EventFigure is a number of persons, as entered and as loaded.
type EventFigure struct{ Name, Value, Loaded, Difference string }

// EventDeadline is something that was to be done until an instant.
type EventDeadline struct {
	Name, Rule, Due, Done, State, StateName string
	Unverified                              bool
}

// EventLine is one entry.
type EventLine struct {
	Number                                   uint32
	Happened, Kind, Text, By, Written, After string
	Corrects, CorrectedBy                    string
}

// EventContact is a desk to call.
type EventContact struct{ Role, Office, Phone string }

// EventDetail is everything about one group event.
type EventDetail struct {
	EventRow
	GradeNote  string
	Figures    []EventFigure
	Facts      [][2]string
	Warnings   []string
	Deadlines  []EventDeadline
	Lines      []EventLine // in the order in which things happened, those that were corrected included
	Contacts   []EventContact
	Thresholds []string
}

// Events answers the pages of group events. An error with a Message is about what was asked for.
type Events interface {
	Events(ctx context.Context) (EventList, error)
	Event(ctx context.Context, id string) (EventDetail, error)
	EventReport(ctx context.Context, id string) (page []byte, err error)
}

const eventsPage = "/events"

func (s *Server) handleEvents(mux *http.ServeMux, pages *template.Template) {
	mux.HandleFunc("GET "+eventsPage, s.page(pages, "events.html", func(r *http.Request) (any, error) { return s.Events.Events(r.Context()) }))
	mux.HandleFunc("GET "+eventsPage+"/{id}", s.page(pages, "event.html", func(r *http.Request) (any, error) {
		return s.Events.Event(r.Context(), r.PathValue("id"))
	}))
	mux.HandleFunc("GET "+eventsPage+"/{id}/report", func(w http.ResponseWriter, r *http.Request) {
		page, err := s.Events.EventReport(r.Context(), r.PathValue("id"))
		if err != nil {
			status, sentence := s.failure(r, err)
			http.Error(w, sentence, status)
			return
		}
		w.Header().Set("Content-Security-Policy", bulletinPolicy)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(page) // the reader may have gone
	})
}
