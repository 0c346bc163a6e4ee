package web

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/internal/schedule"
)

// view is what every page shows.
type view struct {
	Lang         string
	Organisation string
	Here         string // path of the page, to mark it in the navigation
	HasGaps      bool   // whether there are pages of gap lists
	HasBacktests bool   // whether there is a page of back-tests
	HasWarnings  bool   // of warnings
	HasEvents    bool   // of group events
	HasOutbox    bool   // whether there is a page of the outbox
	Content      any
}

// page returns the handler of one page. The page is written whole or not at all.
func (s *Server) page(pages *template.Template, name string, content func(r *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.writePage(w, r, pages, name, http.StatusOK, func() (any, error) { return content(r) })
	}
}

// writePage answers with a page of the given status, or with what went wrong.
func (s *Server) writePage(w http.ResponseWriter, r *http.Request, pages *template.Template, name string, status int, content func() (any, error)) {
	data, err := content()
	var page bytes.Buffer
	if err == nil {
		err = pages.ExecuteTemplate(&page, name, view{
			Lang: htmlLang(s.Printer.Lang()), Organisation: s.Organisation, Here: r.URL.Path,
			HasGaps: s.Gaps != nil, HasWarnings: s.Desk != nil, HasEvents: s.Events != nil, HasOutbox: s.Outbox != nil, HasBacktests: s.Backtests != nil, Content: data,
		})
	}
	if err != nil {
		status, sentence := s.failure(r, err)
		http.Error(w, sentence, status)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // the reader may have gone
}

func htmlLang(lang message.Lang) string {
	if lang == message.English {
		return "en"
	}
	return "zh-CN"
}

// functions are what the templates call.
func (s *Server) functions() template.FuncMap {
	return template.FuncMap{
		// say returns a text of the catalogue; arguments are name, value pairs.
		"say": func(key string, pairs ...any) (string, error) {
			args := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				args[fmt.Sprint(pairs[i])] = pairs[i+1]
			}
			return s.Printer.Text("serve."+key, args), nil
		},
		"text": func(key string) string { return strings.TrimSpace(s.Printer.Text(key, nil)) },
		// fill is say for a whole key.
		"fill": func(key string, pairs ...any) string {
			args := map[string]any{}
			for i := 0; i+1 < len(pairs); i += 2 {
				args[fmt.Sprint(pairs[i])] = pairs[i+1]
			}
			return s.Printer.Text(key, args)
		},
		// field is a field of a form in which one of several is chosen.
		"field": func(name, label, value string, choices []Choice) any {
			return struct {
				Name, Label, Value string
				Choices            []Choice
			}{name, label, value, choices}
		},
		"instant": func(t time.Time) string {
			if t.IsZero() {
				return "—"
			}
			return t.In(period.Shanghai()).Format("2006-01-02 15:04")
		},
		"iso": func(t time.Time) string { return t.Format(time.RFC3339) },
		"job": func(name string) string {
			if source, ok := strings.CutPrefix(name, config.FetchPrefix); ok {
				return s.Printer.Text("serve.job_fetch", map[string]any{"source": source})
			}
			return s.name("serve.job_"+name, name)
		},
		"state":   func(state schedule.State) string { return s.name("serve.state_"+string(state), string(state)) },
		"note":    func(r schedule.RunRecord) string { return r.Note(s.Printer.Text) },
		"seconds": func(n float64) string { return fmt.Sprintf("%.1f s", n) },
	}
}

// name returns the text of a key, or word when the catalogue has none.
func (s *Server) name(key, word string) string {
	if text := s.Printer.Text(key, nil); text != "["+key+"]" {
		return text
	}
	return word
}

// index is the first page: the newest bulletin's headline and the list of all.
func (s *Server) index(*http.Request) (any, error) {
	all, err := list(s.Bulletins, s.Printer.Lang())
	if err != nil {
		return nil, err
	}
	content := struct {
		Newest *bulletin
		All    []bulletin
	}{All: all}
	if len(all) > 0 {
		content.Newest = &all[0]
	}
	return content, nil
}

// jobs is the page of the scheduled jobs.
func (s *Server) jobs(r *http.Request) (any, error) {
	status, err := s.Jobs.Status(r.Context())
	if err != nil {
		return nil, err
	}
	history, err := s.Jobs.History(r.Context(), historyMost)
	if err != nil {
		return nil, err
	}
	return struct {
		Now     time.Time
		Status  []schedule.Status
		History []schedule.RunRecord
	}{s.Now(), status, history}, nil
}
