package main

import (
	"context"
	"fmt"
	"strings"

	"ohwatch/reports/delivery"
	"ohwatch/reports/web"
)

// outboxPage answers the page of the outbox.
type outboxPage struct{ a *app }

var _ web.Outbox = outboxPage{}

// Outbox lists the messages that wait or need a person.
func (p outboxPage) Outbox(ctx context.Context) (web.OutboxPage, error) {
	all, err := p.a.outbox().List(ctx, shownStates(false)...)
	if err != nil {
		return web.OutboxPage{}, err
	}
	page := web.OutboxPage{Head: strings.Split(p.a.text("outbox.head", nil), "|")}
	waiting, stuck, failed := 0, 0, 0
	for _, e := range all {
		row := web.OutboxRow{Cells: p.a.messageRow(e), IsFault: needsHand(e)}
		switch {
		case e.Stuck:
			stuck++
		case row.IsFault:
			failed++
		}
		if e.Waiting() {
			waiting++
		}
		if e.State == delivery.Failed || e.State == delivery.Bounced || e.Stuck {
			page.Retry = append(page.Retry, "ohwatch outbox retry "+e.ID[:10])
		}
		page.Rows = append(page.Rows, row)
	}
	page.Summary = p.a.text("outbox.page_counts", map[string]any{"waiting": waiting, "stuck": stuck, "failed": failed})
	j, err := clockJumps(ctx, p.a.db)
	if err != nil {
		return page, err
	}
	switch {
	case j.ahead > 0:
		page.Clock = p.a.text("doctor.jumps_ahead", map[string]any{"n": j.ahead})
	case !j.at.IsZero():
		page.Clock = p.a.text("outbox.clock", map[string]any{"at": clock(j.at), "seconds": fmt.Sprintf("%+.0f", j.seconds)})
	}
	return page, nil
}
