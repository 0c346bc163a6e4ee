package web

import (
	"context"
	"net/http"
)

// OutboxPage lists messages that wait or need a person, ready to be shown.
type OutboxPage struct {
	Summary string
	Clock   string // what is to be said of the clock; empty: nothing
	Head    []string
	Rows    []OutboxRow
	Retry   []string // lines to type when the causes are mended
}

// OutboxRow is one message.
type OutboxRow struct {
	Cells   []string
	IsFault bool // it goes no further without a person
}

// Outbox answers how messages to addressees stand.
type Outbox interface {
	Outbox(ctx context.Context) (OutboxPage, error)
}

// outbox is the page of the outbox.
func (s *Server) outbox(r *http.Request) (any, error) { return s.Outbox.Outbox(r.Context()) }
