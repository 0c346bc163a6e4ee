package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// GapQuery chooses a list of names behind a target.
type GapQuery struct {
	Indicator, Variant, Period, Area string // empty variant: the headline; empty period: this year; empty area: the city
	WhatIf                           bool   // only the fewest employers that lift the area over the target
}

// GapPage is one list, ready to be shown.
type GapPage struct {
	Query    GapQuery
	Summary  []string
	Head     []string
	Rows     [][]string
	Names    map[int][]string // under the row of that number
	Variants []Choice
	Areas    []Choice
	Records  []any // of the API
}

// Choice is one value of a field of a form and what it is called.
type Choice struct{ Value, Name string }

// Gaps answers for the names behind the targets. An error with a Message is about what was asked for.
type Gaps interface {
	Targets() ([]Choice, error)
	Gaps(ctx context.Context, q GapQuery) (GapPage, error)
	Workbook(ctx context.Context, q GapQuery, w io.Writer) error
}

func gapQuery(r *http.Request) GapQuery {
	v := r.URL.Query()
	return GapQuery{
		Indicator: r.PathValue("indicator"), Variant: v.Get("variant"), Period: v.Get("period"), Area: v.Get("area"), WhatIf: v.Get("what_if") != "",
	}
}

// Link is the address of the list, or of another form of it.
func (q GapQuery) Link(form string) string {
	v := url.Values{}
	for name, value := range map[string]string{"variant": q.Variant, "period": q.Period, "area": q.Area} {
		if value != "" {
			v.Set(name, value)
		}
	}
	if q.WhatIf {
		v.Set("what_if", "1")
	}
	path := "/gaps/" + url.PathEscape(q.Indicator)
	switch form {
	case "api":
		path = "/api" + path
	case "xlsx":
		path += "/xlsx"
	}
	return path + "?" + v.Encode()
}

// targets is the page that leads to the lists.
func (s *Server) targets(*http.Request) (any, error) { return s.Gaps.Targets() }

// gaps is the page of one list.
func (s *Server) gaps(r *http.Request) (any, error) { return s.Gaps.Gaps(r.Context(), gapQuery(r)) }

// gapsAPI answers with the rows of one list as a JSON array.
func (s *Server) gapsAPI(w http.ResponseWriter, r *http.Request) {
	page, err := s.Gaps.Gaps(r.Context(), gapQuery(r))
	if err != nil {
		status, sentence := s.failure(r, err)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": sentence}) // the reader may have gone
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if page.Records == nil {
		page.Records = []any{}
	}
	_ = json.NewEncoder(w).Encode(page.Records) // the reader may have gone
}

// gapsWorkbook sends one list as a workbook.
func (s *Server) gapsWorkbook(w http.ResponseWriter, r *http.Request) {
	q := gapQuery(r)
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", "attachment; filename="+strconv.Quote("gaps.xlsx"))
	if err := s.Gaps.Workbook(r.Context(), q, w); err != nil {
		w.Header().Del("Content-Disposition")
		status, sentence := s.failure(r, err)
		http.Error(w, sentence, status)
	}
}

// failure says what of an error the asker learns: what was wrong with the question, or that the log has it.
func (s *Server) failure(r *http.Request, err error) (status int, sentence string) {
	var m interface {
		Message() (key string, args map[string]any)
	}
	if errors.As(err, &m) {
		return http.StatusNotFound, s.Printer.Text(m.Message())
	}
	s.Log.Error("answer", "path", r.URL.Path, "error", err)
	return http.StatusInternalServerError, s.Printer.Text("serve.page_failed", nil)
}
