// Package web serves the bulletins and the state of the jobs to browsers on this machine.
//
// Pages carry no script and load nothing from elsewhere; a bulletin, which draws its charts by script, is
// served into a sandbox without an origin, so that it can reach nothing of this server.
package web

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"ohwatch/internal/message"
	"ohwatch/internal/schedule"
)

//go:embed templates/*.html assets/*
var files embed.FS

// Jobs answers how the scheduled jobs stand.
type Jobs interface {
	Status(ctx context.Context) ([]schedule.Status, error)
	History(ctx context.Context, most int) ([]schedule.RunRecord, error)
}

// Server serves the pages. Its fields must not change once Handler was called.
type Server struct {
	Bulletins    string // folder of the bulletins
	Organisation string // shown at the head of each page
	Jobs         Jobs
	Gaps         Gaps                            // nil: no such pages
	Backtests    Backtests                       // nil: no such page
	Warnings     Warnings                        // nil: no such API
	Desk         WarningDesk                     // nil: no pages of warnings; needs Warnings
	Events       Events                          // nil: no pages of group events
	Links        Links                           // nil: no signed links
	LinkKey      LinkKey                         // of signed links
	Outbox       Outbox                          // nil: no such page
	Health       func(ctx context.Context) error // nil error: the warehouse answers
	Printer      *message.Printer
	Now          func() time.Time
	Log          *slog.Logger
	API          http.Handler // of what else is below /api/, with access control of its own; nil: none
}

// gapsAPI is the part of the API that has no access control of its own and is therefore for this machine only.
const gapsAPI = "/api/gaps/"

const (
	requestTimeout  = 20 * time.Second
	healthTimeout   = 3 * time.Second
	shutdownTimeout = 10 * time.Second
	historyMost     = 50
)

// pagePolicy is the content security policy of our own pages: they use their style sheet and nothing else.
const pagePolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// bulletinPolicy lets a self-contained file run its own scripts, in a sandbox without an origin, and load
// nothing. The bulletin's own policy narrows this further.
const bulletinPolicy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; " +
	"form-action 'none'; base-uri 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-modals allow-popups"

// Handler returns the handler of all pages.
func (s *Server) Handler() (http.Handler, error) {
	pages, err := template.New("").Funcs(s.functions()).ParseFS(files, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("parse the pages: %w", err)
	}
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		return nil, fmt.Errorf("find the assets: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page(pages, "index.html", s.index))
	mux.HandleFunc("GET /jobs", s.page(pages, "jobs.html", s.jobs))
	mux.HandleFunc("GET /bulletins/{name}", s.bulletin)
	if s.Gaps != nil {
		mux.HandleFunc("GET /gaps", s.page(pages, "targets.html", s.targets))
		mux.HandleFunc("GET /gaps/{indicator}", s.page(pages, "gaps.html", s.gaps))
		mux.HandleFunc("GET /gaps/{indicator}/xlsx", s.gapsWorkbook)
		mux.HandleFunc("GET "+gapsAPI+"{indicator}", s.gapsAPI)
	}
	if s.Backtests != nil {
		mux.HandleFunc("GET /backtests", s.page(pages, "backtests.html", s.backtests))
		mux.HandleFunc("GET /backtests/json", s.backtestAPI)
	}
	if s.Warnings != nil {
		s.handleWarnings(mux)
	}
	if s.Desk != nil {
		s.handleDesk(mux, pages)
	}
	if s.Events != nil {
		s.handleEvents(mux, pages)
	}
	if s.Outbox != nil {
		mux.HandleFunc("GET /outbox", s.page(pages, "outbox.html", s.outbox))
	}
	mux.HandleFunc("GET /healthz", s.health)
	mux.Handle("GET /assets/", http.StripPrefix("/assets/", http.FileServerFS(assets)))
	guarded := s.guard(http.TimeoutHandler(http.NewCrossOriginProtection().Handler(mux), requestTimeout, ""))
	open, err := s.openHandler()
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := open.Handler(r); pattern != "" && !isLocalAPI(r.URL.Path) {
			open.ServeHTTP(w, r) // under whatever name a proxy passes on: who asks must hold a token or a signed link
			return
		}
		guarded.ServeHTTP(w, r)
	}), nil
}

// isLocalAPI reports whether a path is of the part of the API that has no access control of its own.
func isLocalAPI(path string) bool {
	return strings.HasPrefix(path, gapsAPI) || path == warningsAPI || strings.HasPrefix(path, warningsAPI+"/")
}

// openHandler serves what has access control of its own: signed links, and what is below /api/ with a token.
func (s *Server) openHandler() (*http.ServeMux, error) {
	mux := http.NewServeMux()
	if s.API != nil {
		mux.Handle("/api/", s.API)
	}
	if s.Links != nil {
		links, err := s.linkHandler()
		if err != nil {
			return nil, err
		}
		mux.Handle(LinkPath, links)
	}
	return mux, nil
}

// headers sets the headers of every answer.
func (s *Server) headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// guard sets the headers of every answer and refuses requests that name another host: a foreign page whose
// name was pointed at this machine must not read what is here.
func (s *Server) guard(next http.Handler) http.Handler {
	return s.headers(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		if !isLoopback(strings.Trim(host, "[]")) {
			http.Error(w, s.Printer.Text("serve.foreign_host", nil), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	}))
}

// isLoopback reports whether host is this machine's own address.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// bulletin serves one file of the bulletins' folder.
func (s *Server) bulletin(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	root, err := os.OpenRoot(s.Bulletins)
	if err != nil || !isBulletin(name) {
		http.Error(w, s.Printer.Text("serve.not_found", nil), http.StatusNotFound)
		return
	}
	defer root.Close()
	file, err := root.Open(name)
	if err != nil {
		http.Error(w, s.Printer.Text("serve.not_found", nil), http.StatusNotFound)
		return
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.Error(w, s.Printer.Text("serve.not_found", nil), http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Security-Policy", bulletinPolicy)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	http.ServeContent(w, r, filepath.Base(name), info.ModTime(), file)
}

// health answers 200 when the warehouse does.
func (s *Server) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), healthTimeout)
	defer cancel()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := s.Health(ctx); err != nil {
		s.Log.Error("health", "error", err)
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "unavailable")
		return
	}
	fmt.Fprintln(w, "ok")
}

// ListenError says why an address cannot be listened on.
type ListenError struct {
	Code    string // of the message catalogue
	Address string
	Err     error
}

// Error returns the fault in English, for logs.
func (e *ListenError) Error() string { return fmt.Sprintf("listen on %s: %v", e.Address, e.Err) }

// Unwrap returns the cause.
func (e *ListenError) Unwrap() error { return e.Err }

// Message returns the key of the sentence in the message catalogue and what it names.
func (e *ListenError) Message() (key string, args map[string]any) {
	return e.Code, map[string]any{"address": e.Address, "error": e.Err}
}

var errNotLoopback = errors.New("not a loopback address")

// Listen opens a loopback address, host:port. Errors are of type *ListenError.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	if err == nil && !isLoopback(host) {
		return nil, &ListenError{Code: "serve.not_loopback", Address: address, Err: errNotLoopback}
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &ListenError{Code: "serve.port_in_use", Address: address, Err: err}
	case err != nil:
		return nil, &ListenError{Code: "serve.cannot_listen", Address: address, Err: err}
	}
	return listener, nil
}

// Serve answers requests on the listener until ctx is cancelled, then finishes those under way.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	handler, err := s.Handler()
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	return s.serve(ctx, handler, listener)
}

// serve answers requests with a handler until ctx is cancelled.
func (s *Server) serve(ctx context.Context, handler http.Handler, listener net.Listener) error {
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serve %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ending); err != nil {
		return fmt.Errorf("shut down %s: %w", listener.Addr(), errors.Join(err, server.Close()))
	}
	return nil
}
