package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ohwatch/reports/web"
	"ohwatch/transform"
)

// warningPages answers the API of warnings and what holders of signed links say.
type warningPages struct{ a *app }

var (
	_ web.Warnings = warningPages{}
	_ web.Links    = warningPages{}
)

// Warnings lists the warnings of a query.
func (p warningPages) Warnings(ctx context.Context, q web.WarningQuery) (records []any, err error) {
	warnings, err := transform.Warnings(ctx, p.a.db)
	if err != nil {
		return nil, err
	}
	titles, err := ruleTitles(p.a.files)
	if err != nil {
		return nil, err
	}
	ledger, err := transform.ReadLedger(ctx, p.a.db, p.a.transformOptions("page"))
	if err != nil {
		return nil, err
	}
	ledger.Mark(warnings)
	for i := range warnings {
		w := &warnings[i]
		switch {
		case !q.All && !w.Open(), q.Area != "" && w.Area != q.Area, q.State != "" && w.State != q.State,
			q.Addressee != "" && !slices.Contains(w.Addressee, q.Addressee):
			continue
		}
		w.Describe(p.a.printer, titles[w.Rule])
		records = append(records, w)
	}
	return records, nil
}

// warningRecord is one warning with its history.
type warningRecord struct {
	transform.Warning
	History []transform.HistoryEvent `json:"history"`
}

// findWarning reads a warning and its history.
func (a *app) findWarning(ctx context.Context, id string) (warningRecord, error) {
	w, err := transform.FindWarning(ctx, a.db, id)
	if err != nil {
		return warningRecord{}, err
	}
	history, err := transform.History(ctx, a.db, id, a.printer)
	if err != nil {
		return warningRecord{}, err
	}
	titles, err := ruleTitles(a.files)
	if err != nil {
		return warningRecord{}, err
	}
	w.Describe(a.printer, titles[w.Rule])
	return warningRecord{w, history}, nil
}

// Warning returns one warning with its history.
func (p warningPages) Warning(ctx context.Context, id string) (any, error) {
	return p.a.findWarning(ctx, id)
}

// Step does one thing about a warning.
func (p warningPages) Step(ctx context.Context, id string, s web.WarningStep) (any, error) {
	change := transform.Change{
		Step: s.Step, By: strings.TrimSpace(s.By), Comment: s.Comment, Owner: s.Owner, Outcome: s.Outcome, Attachments: s.Attachments,
		Moves: s.Moves,
	}
	if change.By == "" {
		return nil, &saidError{"serve.step_needs_by", nil}
	}
	var events []string
	for _, known := range steps() {
		events = append(events, known.event)
	}
	if !slices.Contains(events, s.Step) {
		return nil, &saidError{"serve.step_unknown", map[string]any{"step": s.Step, "steps": strings.Join(events, ", ")}}
	}
	if s.Due != "" {
		day, err := parseDay("due", s.Due)
		if err != nil {
			return nil, err
		}
		change.Due = &day
	}
	if err := checkChange(change); err != nil {
		return nil, err
	}
	if _, err := transform.DoStep(ctx, p.a.db, id, change); err != nil {
		return nil, p.a.warningError(err)
	}
	return p.a.findWarning(ctx, id)
}

// linked returns the warning of a link, if the link's addressee is still one of it.
func (p warningPages) linked(ctx context.Context, l web.Link) (warningRecord, error) {
	w, err := p.a.findWarning(ctx, l.Warning)
	if err == nil && !slices.Contains(w.Addressee, l.To) {
		err = &saidError{"serve.link_not_addressee", map[string]any{"to": l.To}}
	}
	return w, err
}

// Title says what a link is about.
func (p warningPages) Title(ctx context.Context, l web.Link) (string, error) {
	w, err := p.linked(ctx, l)
	return w.Title, err
}

// Take notes that an addressee has seen a warning or takes it. To say it again changes nothing.
func (p warningPages) Take(ctx context.Context, l web.Link) (string, error) {
	w, err := p.linked(ctx, l)
	if err != nil {
		return "", err
	}
	change := transform.Change{Step: "acknowledged", By: "link:" + l.To}
	fresh := []string{"new", "reopened"}
	if l.Step == web.LinkTaken {
		change.Step, change.Owner = "assigned", l.To
		fresh = append(fresh, "acknowledged")
	}
	if !slices.Contains(fresh, w.State) {
		return p.a.text("serve.link_already", map[string]any{"state": p.a.text("warn.state_"+w.State, nil)}), nil
	}
	if _, err := transform.DoStep(ctx, p.a.db, l.Warning, change); err != nil {
		return "", err
	}
	return p.a.text("serve.link_said_"+l.Step, map[string]any{"to": l.To}), nil
}

// linkKey opens the key of signed links.
func (a *app) linkKey() (web.LinkKey, error) { return web.OpenLinkKey(a.cfg.InData("keys/link.key")) }

// linkDays is how long a link holds.
const linkDays = 30

// newLinkCommand is `ohwatch warnings link`: a signed link, for a letter or a chat.
func newLinkCommand(a *app) *cobra.Command {
	var to, said, base string
	var days int
	command := &cobra.Command{
		Use: "link ID --to ADDRESSEE [--step seen|taken] [--days N] [--base URL]", Short: a.text("warn.link_short", nil), Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if said != web.LinkSeen && said != web.LinkTaken {
				return wrongUsage("usage.choice", map[string]any{"flag": "--step", "value": said, "choices": web.LinkSeen + ", " + web.LinkTaken})
			}
			if days < 1 || days > 366 {
				return wrongUsage("usage.choice", map[string]any{"flag": "--days", "value": days, "choices": "1–366"})
			}
			if err := a.openDB(cmd.Context()); err != nil {
				return err
			}
			w, err := transform.FindWarning(cmd.Context(), a.db, args[0])
			if err != nil {
				return a.warningError(err)
			}
			if !slices.Contains(w.Addressee, to) {
				return wrongUsage("usage.choice", map[string]any{"flag": "--to", "value": to, "choices": strings.Join(w.Addressee, ", ")})
			}
			key, err := a.linkKey()
			if err != nil {
				return err
			}
			if base == "" {
				base = "http://" + a.cfg.Serve.Listen
			}
			until := time.Now().AddDate(0, 0, days)
			url := key.URL(base, web.Link{Warning: w.ID, To: to, Step: said, Until: until})
			if a.json {
				return a.printJSON(map[string]any{"id": w.ID, "to": to, "step": said, "until": until.UTC().Format(time.RFC3339), "url": url})
			}
			a.say("warn.link", map[string]any{"url": url})
			return nil
		},
	}
	flags := command.Flags()
	flags.StringVar(&to, "to", "", a.text("warn.flag_link_to", nil))
	flags.StringVar(&said, "step", web.LinkSeen, a.text("warn.flag_link_step", nil))
	flags.IntVar(&days, "days", linkDays, a.text("warn.flag_link_days", nil))
	flags.StringVar(&base, "base", "", a.text("warn.flag_link_base", nil))
	return command
}
