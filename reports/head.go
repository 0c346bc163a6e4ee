package reports

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"strings"
	"time"

	"ohwatch/internal/message"
)

// Masthead names who publishes a report and about whom. Empty texts take the catalogue's.
type Masthead struct {
	City         message.Text // whose report it is
	Organisation message.Text // publishing office
	RedHead      message.Text // red head (红头) above the title, as 新郑市卫生健康委员会文件; empty: the organisation alone
	Logo         []byte       // PNG picture; nil: none
}

// head is what every report shows around its content, in the words of one language.
type head struct {
	words
	Lang         string // of the lang attribute
	Title        string
	RedHead      string
	Organisation string
	Logo         template.URL
	Issue        string
	Dates        string
	AsOf         string
	Snapshot     string
	SummaryHead  string
	Summary      []SummaryPoint
	Footer       string

	style, chartLibrary, script string
}

// newHead fills what is the same for all kinds; the kind adds title, issue, dates and summary.
func newHead(w words, m Masthead, today time.Time, s Snapshot) head {
	h := head{
		words: w, Lang: map[bool]string{true: "zh-CN", false: "en"}[w.chinese()],
		RedHead: w.in(m.RedHead), Organisation: cmp.Or(w.in(m.Organisation), w.say("report.organisation")),
		AsOf: w.say("report.as_of", "date", w.date(today)), SummaryHead: w.say("report.summary"),
		Snapshot: w.say("report.no_data_yet"), Footer: w.say("report.footer_empty"),
	}
	if len(m.Logo) > 0 {
		h.Logo = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(m.Logo))
	}
	if s.Batch > 0 {
		h.Snapshot = w.say("report.snapshot_short", "batch", s.Batch, "at", w.instant(s.At))
		h.Footer = w.say("report.footer_snapshot", "batch", s.Batch, "batches", w.count(s.Batches), "at", w.instant(s.At), "hash", s.Hash)
	}
	if s.Values != "" {
		h.Footer += strings.TrimRight(w.say("report.full_stop"), " ") + " " + w.say("report.footer_values", "hash", s.Values)
	}
	return h
}
