package web

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"ohwatch/internal/message"
)

type outboxAnswer struct {
	page OutboxPage
	err  error
}

func (o outboxAnswer) Outbox(context.Context) (OutboxPage, error) { return o.page, o.err }

func TestOutbox(t *testing.T) {
	s := server(t, message.English)
	if r := get(t, s, "/outbox"); r.StatusCode != http.StatusNotFound {
		t.Errorf("without an outbox: %s", r.Status)
	}
	s.Outbox = outboxAnswer{page: OutboxPage{
		Summary: "1 waiting", Clock: "the clock jumped", Head: []string{"id", "state", "answer"},
		Rows:  []OutboxRow{{Cells: []string{"33e8be0e25", "refused", hostile}, IsFault: true}, {Cells: []string{"44", "delayed", ""}}},
		Retry: []string{"ohwatch outbox retry 33e8be0e25"},
	}}
	text := body(t, get(t, s, "/outbox"))
	for _, want := range []string{"1 waiting", "the clock jumped", `<tr class="fault"><th scope="row"><code>33e8be0e25</code>`, "ohwatch outbox retry 33e8be0e25", `aria-current="page">Outbox`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s:\n%s", want, text)
		}
	}
	if strings.Contains(text, hostile) {
		t.Errorf("hostile text is not escaped:\n%s", text)
	}
	s.Outbox = outboxAnswer{err: errors.New("the warehouse is away")}
	if r := get(t, s, "/outbox"); r.StatusCode != http.StatusInternalServerError {
		t.Errorf("without a warehouse: %s", r.Status)
	}
}
