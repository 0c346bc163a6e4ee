package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
)

// WarningQuery chooses warnings.
type WarningQuery struct {
	Area, Addressee, State string // empty: any
	All                    bool   // resolved, closed and dismissed ones as well
}

// WarningStep is what somebody does about a warning, as the API takes it.
type WarningStep struct {
	Step        string   `json:"step"` // acknowledged, assigned, acting, verified, closed, dismissed, comment
	By          string   `json:"by"`   // who; never empty
	Comment     string   `json:"comment"`
	Owner       string   `json:"owner"`
	Due         string   `json:"due"` // YYYY-MM-DD
	Outcome     string   `json:"outcome"`
	Attachments []string `json:"attachments"`
	Moves       int      `json:"moves"` // that the history had when it was looked at; 0: whatever has happened since
}

// Warnings answers for the warnings and takes what is done about them. An error with a Message is about what was asked
// for.
type Warnings interface {
	Warnings(ctx context.Context, q WarningQuery) (records []any, err error)
	Warning(ctx context.Context, id string) (record any, err error)
	Step(ctx context.Context, id string, s WarningStep) (record any, err error)
}

// warningsAPI is the part of the API that has no access control of its own and is therefore for this machine only.
const warningsAPI = "/api/warnings"

// stepMost bounds the body of one step.
const stepMost = 64 << 10

func (s *Server) handleWarnings(mux *http.ServeMux) {
	mux.HandleFunc("GET "+warningsAPI, func(w http.ResponseWriter, r *http.Request) {
		v := r.URL.Query()
		records, err := s.Warnings.Warnings(r.Context(), WarningQuery{
			Area: v.Get("area"), Addressee: v.Get("addressee"), State: v.Get("state"), All: v.Get("all") != "",
		})
		if records == nil {
			records = []any{}
		}
		s.answer(w, r, records, err)
	})
	mux.HandleFunc("GET "+warningsAPI+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		record, err := s.Warnings.Warning(r.Context(), r.PathValue("id"))
		s.answer(w, r, record, err)
	})
	mux.HandleFunc("POST "+warningsAPI+"/{id}", func(w http.ResponseWriter, r *http.Request) {
		step, err := readStep(w, r)
		if err != nil {
			s.refuse(w, http.StatusBadRequest, s.Printer.Text("serve.bad_step", map[string]any{"error": err}))
			return
		}
		if record, err := s.Warnings.Warning(r.Context(), r.PathValue("id")); err != nil {
			s.answer(w, r, record, err)
			return
		}
		record, err := s.Warnings.Step(r.Context(), r.PathValue("id"), step)
		if status, sentence := http.StatusConflict, ""; err != nil {
			if asked, said := s.failure(r, err); asked == http.StatusNotFound {
				sentence = said // the warning is there, but the step does not fit it
			} else {
				status, sentence = asked, said
			}
			s.refuse(w, status, sentence)
			return
		}
		s.answer(w, r, record, nil)
	})
}

// readStep reads the one JSON object of a request.
func readStep(w http.ResponseWriter, r *http.Request) (step WarningStep, err error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return step, errors.New("want Content-Type: application/json")
	}
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, stepMost))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&step); err != nil {
		return step, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return step, errors.New("want one object")
	}
	return step, nil
}

// answer sends a record, or what of an error the asker learns.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, record any, err error) {
	if err != nil {
		status, sentence := s.failure(r, err)
		s.refuse(w, status, sentence)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(record) // the reader may have gone
}

func (s *Server) refuse(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": sentence}) // the reader may have gone
}
