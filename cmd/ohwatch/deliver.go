package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/schedule"
	"ohwatch/reports/delivery"
	"ohwatch/reports/emission"
	"ohwatch/reports/web"
	"ohwatch/transform"
	"ohwatch/warehouse"
)

// redDays is how old a red warning may be to go out on its own: somebody who is new among the recipients gets what is recent, not
// everything that is open.
const redDays = 7

// outbox is the outbox of the warehouse with the configured channels.
func (a *app) outbox() *delivery.Outbox { return a.outboxOf(a.db) }

func (a *app) outboxOf(db *warehouse.DB) *delivery.Outbox {
	return &delivery.Outbox{
		DB: db, Channels: delivery.Channels(a.cfg), Log: a.log,
		Locks:      schedule.Locks{Dir: a.cfg.InData("locks"), Now: time.Now},
		StuckAfter: time.Duration(a.cfg.Delivery.StuckDays) * 24 * time.Hour,
	}
}

// notice is what the notices of this warehouse have in common.
func (a *app) notice(ctx context.Context, kind string) (emission.Notice, map[string]time.Time, error) {
	n := emission.Notice{Kind: kind, Refs: map[string]string{}, Areas: map[string]message.Text{}}
	raised, err := transform.Raised(ctx, a.db)
	if err != nil {
		return n, nil, err
	}
	for id, at := range raised {
		n.Refs[id] = id + "@" + at.UTC().Format(time.RFC3339Nano)
	}
	townships, err := transform.Townships(ctx, a.db)
	if err != nil {
		return n, nil, err
	}
	for _, t := range townships {
		n.Areas[t.Code] = message.Text(t.Name)
	}
	if base := a.cfg.Delivery.LinkBase; base != "" {
		key, err := a.linkKey()
		if err != nil {
			return n, nil, err
		}
		until := time.Now().AddDate(0, 0, a.cfg.Delivery.LinkDays)
		n.Link = func(warning, addressee, step string) string {
			return key.URL(base, web.Link{Warning: warning, To: addressee, Step: step, Until: until})
		}
	}
	return n, raised, nil
}

// enqueueWeek puts the parts of a week that was emitted into the outbox, one message for each target of each addressee, and returns how
// many were not there yet and which addressees have no target.
func (a *app) enqueueWeek(ctx context.Context, document []byte, by string) (added int, nobody []string, err error) {
	notice, _, err := a.notice(ctx, emission.KindWeek)
	if err != nil {
		return 0, nil, err
	}
	told, err := delivery.Told(ctx, a.db, emission.KindRed)
	if err != nil {
		return 0, nil, err
	}
	parts, err := emission.Parts(document, a.catalogue)
	if err != nil {
		return 0, nil, err
	}
	var messages []delivery.Message
	for _, part := range parts {
		targets := a.cfg.Delivery.For(part.Addressee, part.Area)
		if len(targets) == 0 {
			nobody = append(nobody, part.Folder())
			continue
		}
		notice.Part, notice.Sent = part, map[string]time.Time{}
		for _, t := range told {
			id, _, _ := strings.Cut(t.Ref, "@")
			if t.Addressee == part.Folder() && notice.Refs[id] == t.Ref {
				notice.Sent[id] = t.At
			}
		}
		own, err := notice.Messages(targets, a.cfg.Delivery.Channels, a.catalogue)
		if err != nil {
			return 0, nil, err
		}
		messages = append(messages, own...)
	}
	added, err = delivery.Enqueue(ctx, a.db, by, messages...)
	return added, nobody, err
}

// deliverWeek tells the addressees of a week that was emitted. What cannot be sent now stays in the outbox.
func (a *app) deliverWeek(ctx context.Context, document []byte, by string) (delivery.Flushed, error) {
	if len(a.cfg.Delivery.To) == 0 {
		return delivery.Flushed{}, nil
	}
	added, nobody, err := a.enqueueWeek(ctx, document, by)
	if err != nil {
		return delivery.Flushed{}, err
	}
	if len(nobody) > 0 {
		a.note("outbox.nobody", map[string]any{"n": len(nobody), "addressees": strings.Join(nobody, ", ")})
	}
	f, err := a.flush(ctx, by)
	a.noteFlushed(added, f)
	return f, err
}

// flush sends what is due. When another program is sending already, that one does it.
func (a *app) flush(ctx context.Context, by string) (delivery.Flushed, error) {
	o := a.outbox()
	if err := a.readBounces(ctx, o, by); err != nil {
		a.log.Warn("mail that came back", "error", err)
	}
	f, err := o.Flush(ctx, by)
	if errors.Is(err, delivery.ErrBusy) {
		a.note("outbox.busy", nil)
		err = nil
	}
	return f, err
}

// readBounces notes which mail came back, where the configuration names the place.
func (a *app) readBounces(ctx context.Context, o *delivery.Outbox, by string) error {
	if a.cfg.Delivery.Mail.Bounces == "" {
		return nil
	}
	_, err := o.ReadBounces(ctx, a.cfg.InData(a.cfg.Delivery.Mail.Bounces), by)
	return err
}

// noteFlushed says what a flush did, when it did anything.
func (a *app) noteFlushed(added int, f delivery.Flushed) {
	if added+f.Sent+f.Delayed+f.Failed+f.Waiting > 0 {
		a.note("outbox.flushed", flushedArgs(added, f))
	}
}

func flushedArgs(added int, f delivery.Flushed) map[string]any {
	return map[string]any{"added": added, "sent": f.Sent, "delayed": f.Delayed, "failed": f.Failed, "waiting": f.Waiting}
}

// deliverRed looks for warnings that have become red since the last evaluation, and tells their addressees of those red ones that they
// were not told of yet. It may be called at any time and by several programs: each is told once.
func (a *app) deliverRed(ctx context.Context, by string) (added int, f delivery.Flushed, err error) {
	e, err := transform.Urgent(ctx, a.db, a.transformOptions(by))
	for _, broken := range e.Broken {
		a.log.Warn("rule does not work", "error", broken)
	}
	if err != nil {
		return 0, f, err
	}
	err = a.outbox().Alone(ctx, func() error {
		added, err = a.enqueueRed(ctx, e, by)
		return err
	})
	if err != nil {
		return added, f, err
	}
	f, err = a.flush(ctx, by)
	return added, f, err
}

// enqueueRed puts red warnings into the outbox, for each target those that it was not told of.
func (a *app) enqueueRed(ctx context.Context, e transform.Evaluation, by string) (int, error) {
	notice, raised, err := a.notice(ctx, emission.KindRed)
	if err != nil {
		return 0, err
	}
	told, err := delivery.Told(ctx, a.db, emission.KindWeek, emission.KindRed)
	if err != nil {
		return 0, err
	}
	known := map[delivery.Telling]bool{}
	for _, t := range told {
		t.At = time.Time{}
		known[t] = true
	}
	oldest := a.db.Now().AddDate(0, 0, -redDays)
	e.Warnings = slices.DeleteFunc(e.Warnings, func(w transform.Warning) bool { return raised[w.ID].Before(oldest) })
	d, err := a.document(ctx, e, by)
	if err != nil {
		return 0, err
	}
	d.To, d.FrozenAt = e.Week.Start.AddDate(0, 0, 6).Format(time.DateOnly), a.db.Now().UTC().Format(time.RFC3339)
	type addressee struct{ code, area string }
	own := map[addressee][]string{}
	var order []addressee
	for _, w := range d.Warnings {
		for _, code := range w.Addressee {
			to := addressee{code: code}
			if code == "TS" {
				to.area = w.Area
			}
			if own[to] == nil {
				order = append(order, to)
			}
			own[to] = append(own[to], w.ID)
		}
	}
	var messages []delivery.Message
	for _, to := range order {
		folder := emission.Part{Addressee: to.code, Area: to.area}.Folder()
		for _, target := range a.cfg.Delivery.For(to.code, to.area) {
			fresh := map[string]bool{}
			for _, id := range own[to] {
				t := delivery.Telling{Ref: notice.Refs[id], Addressee: folder, Channel: target.Channel, Recipient: target.Address}
				if !known[t] {
					fresh[id] = true
				}
			}
			if len(fresh) == 0 {
				continue
			}
			if notice.Part, err = emission.RedPart(d, to.code, to.area, fresh, a.catalogue); err != nil {
				return 0, err
			}
			written, err := notice.Messages([]config.Target{target}, a.cfg.Delivery.Channels, a.catalogue)
			if err != nil {
				return 0, err
			}
			messages = append(messages, written...)
		}
	}
	return delivery.Enqueue(ctx, a.db, by, messages...)
}

// redAfterLoad tells of red warnings right after a load by hand. The load is done whatever comes of it.
func (a *app) redAfterLoad(ctx context.Context) {
	if len(a.cfg.Delivery.To) == 0 {
		return
	}
	added, f, err := a.deliverRed(ctx, userName())
	if err != nil {
		a.note("outbox.red_failed", map[string]any{"error": a.sentence(err)})
		return
	}
	a.noteFlushed(added, f)
}
