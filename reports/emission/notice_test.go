package emission_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"ohwatch/internal/config"
	"ohwatch/internal/message"
	"ohwatch/reports/delivery"
	"ohwatch/reports/emission"
)

// notice is that of the one township of a document.
func notice(t *testing.T, d emission.Document, c *message.Catalogue) emission.Notice {
	t.Helper()
	d.Schema, d.FrozenAt, d.Broken = emission.Schema, "2026-11-15T23:30:00Z", []string{} // a Monday in Shanghai
	text, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := emission.Parts(text, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range parts {
		if p.Addressee == "TS" {
			return emission.Notice{
				Kind: emission.KindWeek, Part: p, Areas: map[string]message.Text{"410184106": {Zh: "龙湖镇", En: "Longhu"}},
				Link: func(warning, addressee, step string) string {
					return fmt.Sprintf("https://host/api/links/warning?id=%s&to=%s&step=%s", warning, addressee, step)
				},
			}
		}
	}
	t.Fatal("no part of a township")
	return emission.Notice{}
}

// TestNotice writes the same part to a mail address, a chat, a JSON webhook and a drop folder.
func TestNotice(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := document(hostile + "](https://evil)")
	red := d.Warnings[0]
	red.ID, red.Severity, red.Due = "R01-00000001", "red", "2026-11-10"
	d.Warnings = append([]emission.Warning{red}, d.Warnings...)
	for i := range 40 {
		w := d.Warnings[1]
		w.ID = fmt.Sprintf("R40-%08d", i)
		d.Warnings = append(d.Warnings, w)
	}
	over := red // of the budget of townships: it stands in the list
	over.ID, over.Listed = "R01-00000002", []string{"TS"}
	d.Warnings = append(d.Warnings, over)
	n := notice(t, d, catalogue)
	n.Refs = map[string]string{"R01-00000001": "R01-00000001@now", "R27-96f00e7c": "R27-96f00e7c@now"}
	n.Sent = map[string]time.Time{"R01-00000001": time.Date(2026, 11, 12, 2, 0, 0, 0, time.UTC)}
	channels := map[string]config.Channel{"chat": {Kind: "wecom"}, "hook": {Kind: "webhook"}, "share": {Kind: "folder"}}
	targets := config.Targets("a@example.cn b@example.cn chat hook share")
	messages, err := n.Messages(targets, channels, catalogue)
	if err != nil || len(messages) != 5 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	keys := map[string]bool{}
	for _, m := range messages {
		keys[m.Key] = true
		if fmt.Sprint(m.Refs) != "[R01-00000001@now]" || m.Addressee != "TS-410184106" || m.Kind != "warnings" {
			t.Errorf("message %s of %s, %s, %v", m.Key, m.Addressee, m.Kind, m.Refs)
		}
	}
	if !keys["warnings/2026-W46/TS-410184106/mail/b@example.cn"] || !keys["warnings/2026-W46/TS-410184106/share/"] || len(keys) != 5 {
		t.Errorf("keys %v", keys)
	}
	letter, chat, hook, share := messages[0].Content, messages[2].Content, messages[3].Content, messages[4].Content
	if letter.Subject != "职业健康预警 Occupational health warnings 2026-W46 · 红 red 2 · 橙 orange 41 · 黄 yellow 1" {
		t.Errorf("subject %s", letter.Subject)
	}
	for _, want := range []string{
		"龙湖镇", "Longhu", "▲ 红 red", "◆ 橙 orange", "已逾期 overdue", "已于此时单独发送 sent on its own already on 2026-11-12 10:00",
		"https://host/api/links/warning?id=R01-00000001&to=TS&step=taken", "其余 12 条见附件 12 more in the attached file",
		"另有 2 条列入附件中的清单（黄色、蓝色和超出每月预算的） 2 more stand in the list of the attached file", "2026-11-16 07:30",
	} {
		if !strings.Contains(letter.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, letter.Text)
		}
	}
	if strings.Contains(letter.HTML, "<script") || !strings.Contains(letter.HTML, "&lt;script&gt;") || strings.Contains(letter.HTML, "ZgotmplZ") ||
		!strings.Contains(letter.HTML, `href="https://host/api/links/warning?id=R01-00000001&amp;to=TS&amp;step=seen"`) ||
		!strings.Contains(letter.HTML, "已逾期") || strings.Count(letter.HTML, "border-left:6px") != 30 {
		t.Errorf("html:\n%s", letter.HTML)
	}
	if len(letter.Files) != 2 || letter.Files[0].Name != "warnings-2026-W46.xlsx" {
		t.Errorf("attached %d files", len(letter.Files))
	}
	if strings.Contains(chat.Markdown, "](https://evil") || !strings.Contains(chat.Markdown, "](https://host/api/links/warning?id=R01-00000001") ||
		strings.Count(chat.Markdown, "\n> ") != 12 || !strings.Contains(chat.Markdown, "36 more are not listed here") || !strings.Contains(chat.Markdown, "2 more stand in the list (") {
		t.Errorf("chat:\n%s", chat.Markdown)
	}
	var said emission.Document
	if err := json.Unmarshal(hook.Data, &said); err != nil || len(said.Warnings) != 44 || fits(t, schema(t), hook.Data) != nil {
		t.Errorf("hook: %v, %v", err, fits(t, schema(t), hook.Data))
	}
	if len(share.Files) != 8 || share.HTML != "" {
		t.Errorf("share: %d files", len(share.Files))
	}

	n.Part.Addressee, n.Part.Area = "EMP", ""
	if messages, err = n.Messages(targets[:1], channels, catalogue); err != nil || strings.Contains(messages[0].HTML+messages[0].Text, "/api/links/") {
		t.Errorf("a list to be passed on has links: %v", err)
	}
	if messages, err = n.Messages(nil, channels, catalogue); err != nil || messages != nil {
		t.Errorf("to nobody: %v, %v", messages, err)
	}
}

// TestNotice_Red tells of red warnings alone, under a key made of what is told.
func TestNotice_Red(t *testing.T) {
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	d := document("x")
	d.Warnings[0].Severity, d.Warnings[1].Severity, d.FrozenAt = "red", "red", "2026-11-16T00:00:00Z"
	d.Warnings[0].Listed, d.Warnings[1].Listed = []string{"TS"}, []string{}
	write := func(ids ...string) delivery.Message {
		t.Helper()
		wanted, refs := map[string]bool{}, map[string]string{}
		for _, id := range ids {
			wanted[id], refs[id] = true, id+"@now"
		}
		part, err := emission.RedPart(d, "TS", "410184106", wanted, catalogue)
		if err != nil {
			t.Fatal(err)
		}
		messages, err := emission.Notice{Kind: emission.KindRed, Part: part, Refs: refs}.Messages(config.Targets("a@example.cn"), nil, catalogue)
		if err != nil || len(messages) != 1 {
			t.Fatal(messages, err)
		}
		if err := fits(t, schema(t), part.Files[0].Data); err != nil {
			t.Error(err)
		}
		return messages[0]
	}
	both, one := write("R27-96f00e7c", "R27-96f00e7d"), write("R27-96f00e7d")
	if both.Subject != "【红色预警】x (+1)" || one.Subject != "【红色预警】x" || both.Kind != "red" {
		t.Errorf("subjects %q, %q", both.Subject, one.Subject)
	}
	if both.Key == one.Key || one.Key != write("R27-96f00e7d").Key || both.Files[0].Name == one.Files[0].Name {
		t.Errorf("keys %s, %s", both.Key, one.Key)
	}
	if !strings.Contains(both.Text, "超出本月预算") || strings.Contains(one.Text, "超出本月预算") || strings.Count(both.HTML, "border-left:6px") != 2 {
		t.Errorf("one of two is over the budget:\n%s", both.Text)
	}
	if strings.Contains(one.Text, "R27-96f00e7c") || strings.Contains(one.Text, "orange") || !strings.Contains(one.Text, "红色预警") {
		t.Errorf("text:\n%s", one.Text)
	}
}
