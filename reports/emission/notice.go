package emission

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	htmltemplate "html/template"
	"io"
	"maps"
	"slices"
	"strings"
	"text/template"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/reports/delivery"
)

// The kinds of messages about warnings.
const (
	KindWeek = "warnings" // a week that was closed
	KindRed  = "red"      // red ones, right after the load that caused them
)

// Notice tells an addressee of its part of a document.
type Notice struct {
	Kind string // KindWeek or KindRed
	Part Part
	// Refs names each opening of a red warning by the id of the warning, so that nobody is told of it twice as of something new.
	Refs map[string]string
	// Sent says which red warnings the addressee was told of on their own, and when.
	Sent map[string]time.Time
	// Link is the address by which an addressee says seen or taken; nil: messages carry no links.
	Link func(warning, addressee, step string) string
	// Areas are the names of townships by code, Chinese and English.
	Areas map[string]message.Text
}

// The most warnings that a mail and a chat show; the others are counted. Up to redMost red ones stand in a mail in any case.
const (
	mailMost = 30
	redMost  = 100
	chatMost = 6
)

// Messages writes the notice for each target. The same part for the same target makes the same key.
func (n Notice) Messages(targets []config.Target, channels map[string]config.Channel, c *message.Catalogue) ([]delivery.Message, error) {
	if len(targets) == 0 {
		return nil, nil
	}
	var d Document
	if err := json.Unmarshal(n.Part.Files[0].Data, &d); err != nil {
		return nil, fmt.Errorf("read the part of %s: %w", n.Part.Folder(), err)
	}
	refs := []string{}
	for _, w := range d.Warnings {
		if ref := n.Refs[w.ID]; ref != "" && w.Severity == severities()[0] {
			refs = append(refs, ref)
		}
	}
	slices.Sort(refs)
	about := d.Week
	if n.Kind == KindRed {
		sum := sha256.Sum256([]byte(strings.Join(refs, "\x1f")))
		about = hex.EncodeToString(sum[:8])
	}
	var all []delivery.Message
	written := map[string]delivery.Content{} // by kind of channel
	for _, t := range targets {
		kind := delivery.Mail
		if t.Channel != delivery.Mail {
			kind = channels[t.Channel].Kind
		}
		content, ok := written[kind]
		if !ok {
			var err error
			if content, err = n.content(kind, d, c); err != nil {
				return nil, fmt.Errorf("write to %s: %w", n.Part.Folder(), err)
			}
			written[kind] = content
		}
		all = append(all, delivery.Message{
			Key:  strings.Join([]string{n.Kind, about, n.Part.Folder(), t.Channel, t.Address}, "/"),
			Kind: n.Kind, Addressee: n.Part.Folder(), Channel: t.Channel, Recipient: t.Address, Refs: refs, Content: content,
		})
	}
	return all, nil
}

// content is what a channel of some kind carries: mail the texts and the workbook, chats a headline with the most urgent ones, JSON
// webhooks the document, drop folders all files.
func (n Notice) content(kind string, d Document, c *message.Catalogue) (delivery.Content, error) {
	content := delivery.Content{Subject: n.subject(d, c)}
	var err error
	switch kind {
	case delivery.Mail:
		v := n.view(d, c, content.Subject, mailMost)
		if content.Text, err = v.text(noticeText, c); err != nil {
			return content, err
		}
		if content.HTML, err = v.html(c); err != nil {
			return content, err
		}
		content.Files = files(n.Part.Files, ".xlsx")
	case "folder":
		content.Files = files(n.Part.Files, "")
	case "webhook":
		content.Text, content.Data = content.Subject, n.Part.Files[0].Data
	default:
		content.Markdown, err = n.view(d, c, content.Subject, chatMost).text(noticeMarkdown, c)
	}
	return content, err
}

// files returns those whose names end so.
func files(all []File, ending string) (chosen []delivery.File) {
	types := map[string]string{
		"json": "application/json", "csv": "text/csv; charset=utf-8", "html": "text/html; charset=utf-8",
		"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	}
	for _, f := range all {
		if strings.HasSuffix(f.Name, ending) {
			chosen = append(chosen, delivery.File{Name: f.Name, Type: types[f.Name[strings.LastIndex(f.Name, ".")+1:]], Data: f.Data})
		}
	}
	return chosen
}

// subject is one line in both languages that says how urgent it is.
func (n Notice) subject(d Document, c *message.Catalogue) string {
	zh, en := c.Printer(message.Chinese), c.Printer(message.English)
	if n.Kind == KindRed && len(d.Warnings) > 0 {
		line := "【" + zh.Text("emission.red_heading", nil) + "】" + d.Warnings[0].Title
		if more := len(d.Warnings) - 1; more > 0 {
			line += fmt.Sprintf(" (+%d)", more)
		}
		return line
	}
	line := zh.Text("emission.heading", nil) + " " + en.Text("emission.heading", nil) + " " + d.Week
	for _, s := range severities() {
		if k := count(d.Warnings, s); k > 0 {
			key := "warn.severity_" + s
			line += fmt.Sprintf(" · %s %s %d", strings.TrimSpace(zh.Text(key, nil)), strings.TrimSpace(en.Text(key, nil)), k)
		}
	}
	return line
}

func count(warnings []Warning, severity string) (n int) {
	for _, w := range warnings {
		if w.Severity == severity {
			n++
		}
	}
	return n
}

// mark is the sign and the colour of a severity: signs differ in form, so that nothing is said by colour alone.
func mark(severity string) (sign string, colour htmltemplate.CSS) {
	switch severity {
	case "red":
		return "▲", "#c0111f"
	case "orange":
		return "◆", "#d9730d"
	case "yellow":
		return "●", "#d6b400"
	}
	return "○", "#2a6fbb"
}

// noticeView is what the templates of a notice show.
type noticeView struct {
	Document
	Subject, Heading, Foot string
	ToZh, ToEn             string
	Counts                 []noticeCount
	Items                  []noticeItem
	More                   int // that are told one by one, but not here
	Listed                 int // that stand in the list only: yellow, blue, over the budget
}

type noticeCount struct {
	Mark   string
	Colour htmltemplate.CSS
	Key    string
	N      int
}

type noticeItem struct {
	Warning
	Mark          string
	Colour        htmltemplate.CSS
	Key, StateKey string
	Place         string // name of the township
	IsOverdue     bool
	IsOver        bool // the budget of the month
	SentBefore    string
	Links         []noticeLink
}

type noticeLink struct{ Key, URL string }

// noLinks are the addressees whose part is a list to be passed on.
func noLinks() []string { return []string{"EMP", "INST"} }

// view shows at most so many warnings, most urgent first.
func (n Notice) view(d Document, c *message.Catalogue, subject string, most int) noticeView {
	zh, en := c.Printer(message.Chinese), c.Printer(message.English)
	to := "emission.to_" + n.Part.Addressee
	v := noticeView{
		Document: d, Subject: subject, Heading: "emission.heading", Foot: "emission.foot_no_links",
		ToZh: zh.Text(to, nil), ToEn: en.Text(to, nil),
	}
	if area, ok := n.Areas[n.Part.Area]; ok {
		v.ToZh, v.ToEn = area.Zh, area.En
	} else if n.Part.Area != "" {
		v.ToZh, v.ToEn = v.ToZh+" "+n.Part.Area, v.ToEn+" "+n.Part.Area
	}
	if n.Kind == KindRed {
		v.Heading = "emission.red_heading"
	}
	hasLinks := n.Link != nil && !slices.Contains(noLinks(), n.Part.Addressee)
	if hasLinks {
		v.Foot = "emission.foot"
	}
	today := d.To
	if at, err := time.Parse(time.RFC3339, d.FrozenAt); err == nil {
		v.FrozenAt = local(at)
		today = at.In(period.Shanghai()).Format(time.DateOnly)
	}
	for _, s := range severities() {
		if n.Kind == KindRed && s != "red" {
			continue
		}
		sign, colour := mark(s)
		v.Counts = append(v.Counts, noticeCount{sign, colour, "warn.severity_" + s, count(d.Warnings, s)})
	}
	if most == mailMost {
		most = max(most, min(count(d.Separate(), "red"), redMost))
	}
	separate := d.Separate()
	if n.Kind == KindRed { // at once, whatever the budget says of the week
		separate = d.Warnings
	}
	v.Listed = len(d.Warnings) - len(separate)
	for i, w := range separate {
		if i == most {
			v.More = len(separate) - most
			break
		}
		item := noticeItem{IsOverdue: w.Due != "" && w.Due < today, Warning: w, Key: "warn.severity_" + w.Severity, StateKey: "warn.state_" + w.State, Place: n.Areas[w.Area].Zh}
		item.Mark, item.Colour = mark(w.Severity)
		item.IsOver = slices.Contains(w.Listed, n.Part.Addressee)
		if at, ok := n.Sent[w.ID]; ok && n.Kind == KindWeek {
			item.SentBefore = local(at)
		}
		if hasLinks {
			item.Links = []noticeLink{
				{"emission.seen", n.Link(w.ID, n.Part.Addressee, "seen")}, {"emission.taken", n.Link(w.ID, n.Part.Addressee, "taken")},
			}
		}
		v.Items = append(v.Items, item)
	}
	return v
}

// local writes an instant as the wall clock in Asia/Shanghai shows it.
func local(at time.Time) string { return at.In(period.Shanghai()).Format("2006-01-02 15:04") }

var (
	//go:embed notice.html
	noticeHTML string
	//go:embed notice.txt
	noticeText string
	//go:embed notice.md
	noticeMarkdown string
)

// functions are what the templates call.
func functions(c *message.Catalogue) map[string]any {
	zh, en := c.Printer(message.Chinese), c.Printer(message.English)
	return map[string]any{
		"zh":    func(key string) string { return strings.TrimSpace(zh.Text(key, nil)) },
		"en":    func(key string) string { return strings.TrimSpace(en.Text(key, nil)) },
		"zhn":   func(key string, n int) string { return zh.Text(key, map[string]any{"n": n}) },
		"enn":   func(key string, n int) string { return en.Text(key, map[string]any{"n": n}) },
		"plain": plain,
	}
}

// plain replaces what means something in Markdown by its wide form, so that a name cannot make a link.
func plain(text string) string {
	return strings.NewReplacer(
		"[", "［", "]", "］", "(", "（", ")", "）", "<", "＜", ">", "＞", "*", "＊", "`", "｀", "#", "＃", "\n", " ",
	).Replace(text)
}

func (v noticeView) html(c *message.Catalogue) (string, error) {
	page, err := htmltemplate.New("notice").Funcs(functions(c)).Parse(noticeHTML)
	if err != nil {
		return "", err
	}
	return execute(page, v)
}

func (v noticeView) text(form string, c *message.Catalogue) (string, error) {
	page, err := template.New("notice").Funcs(functions(c)).Parse(form)
	if err != nil {
		return "", err
	}
	return execute(page, v)
}

func execute(page interface{ Execute(io.Writer, any) error }, v noticeView) (string, error) {
	var text bytes.Buffer
	if err := page.Execute(&text, v); err != nil {
		return "", err
	}
	return text.String(), nil
}

// RedPart is what one addressee is told of red warnings right after the load that caused them: those of a document with the given ids, those
// over its budget too.
func RedPart(d Document, addressee, area string, ids map[string]bool, c *message.Catalogue) (Part, error) {
	d.Schema, d.Addressee, d.Area, d.Budget = Schema, addressee, area, nil
	if d.Broken == nil {
		d.Broken = []string{}
	}
	d.Warnings = slices.DeleteFunc(slices.Clone(d.Warnings), func(w Warning) bool { return !ids[w.ID] })
	text, err := encode(d)
	if err != nil {
		return Part{}, err
	}
	p := Part{Addressee: addressee, Area: area}
	if p.Files, err = Files(text, c); err != nil {
		return Part{}, err
	}
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(maps.Keys(ids)), " ")))
	for i := range p.Files { // several of a week lie beside each other
		p.Files[i].Name = strings.Replace(p.Files[i].Name, "warnings-", "red-"+hex.EncodeToString(sum[:4])+"-", 1)
	}
	return p, nil
}
