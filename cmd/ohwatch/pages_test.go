package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	devlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"ohwatch/internal/message"
	"ohwatch/reports/web"
	"ohwatch/transform"
)

// pageBrowser is a headless Chromium that notes what a page must not do.
type pageBrowser struct {
	*testing.T
	ctx    context.Context
	mu     sync.Mutex
	faults []string
	origin string // the only place that pages may ask
}

// openBrowser starts Chromium. Without one in the PATH the test is skipped.
func openBrowser(t *testing.T, origin string) *pageBrowser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium in the PATH: install it to run the tests in a browser")
	}
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(allocated)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	b := &pageBrowser{T: t, ctx: ctx, origin: origin}
	note := func(format string, args ...any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			note("console %s", e.Type)
		case *runtime.EventExceptionThrown:
			note("exception: %s", e.ExceptionDetails.Text)
		case *devlog.EventEntryAdded:
			if !strings.Contains(e.Entry.Text, "status of 409") && !strings.Contains(e.Entry.Text, "status of 422") { // which the test asks for
				note("log: %s", e.Entry.Text)
			}
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, origin) && !strings.HasPrefix(e.Request.URL, "data:") {
				note("request: %s", e.Request.URL)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate("about:blank"))
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, devlog.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	b.faults = nil
	return b
}

func (b *pageBrowser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.Fatal(err)
	}
}

// screen sets the size of the window and the colour scheme.
func (b *pageBrowser) screen(width int64, scheme string) {
	b.Helper()
	if _, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 844, DeviceScaleFactor: 1, Mobile: width < 500,
	}); err != nil {
		b.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	}); err != nil {
		b.Fatal(err)
	}
}

// says returns the text of the page.
func (b *pageBrowser) says() string {
	b.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.body.innerText`))
	if err != nil {
		b.Fatal(err)
	}
	return text
}

// send presses a button and waits for the page that answers.
func (b *pageBrowser) send(selector string) {
	b.Helper()
	if _, err := chromedp.RunResponse(b.ctx, chromedp.Click(selector)); err != nil {
		b.Fatal(err)
	}
}

// pageFindings is what a page reports of itself.
type pageFindings struct {
	Width    int      `json:"width"`
	Spill    []string `json:"spill"`
	Levels   []int    `json:"levels"`   // of the headings
	Nameless int      `json:"nameless"` // fields, links and buttons without a name
	Faint    []string `json:"faint"`    // texts under the contrast of WCAG AA
	Foreign  int      `json:"foreign"`  // elements that only data can have brought
}

const inspectPage = `(() => {
  document.querySelectorAll("details").forEach(d => { d.removeAttribute("name"); d.open = true; });
  const limit = document.documentElement.clientWidth;
  const inScroll = e => e.closest(".scroll, .watermark, svg");
  const spill = [...document.body.querySelectorAll("*")].filter(e => !inScroll(e) && e.getBoundingClientRect().right > limit + 1).map(e => e.tagName + "." + e.className).slice(0, 5);
  const rgb = s => (s.match(/[\d.]+/g) || []).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const faint = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest("svg, .watermark") || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e), a = lum(rgb(style.color).slice(0, 3)), b = lum(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) faint.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
  }
  const fields = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter(e => e.labels.length === 0);
  const others = [...document.querySelectorAll("a, button, summary")].filter(e => !e.textContent.trim());
  return {
    width: document.documentElement.scrollWidth, spill, levels: [...document.querySelectorAll("h1,h2,h3,h4")].map(h => Number(h.tagName[1])),
    nameless: fields.length + others.length, faint: [...faint], foreign: document.querySelectorAll("script, img, b, iframe").length,
  };
})()`

// look checks the page that is shown, and leaves a picture of it in the folder that OHWATCH_SHOTS names.
func (b *pageBrowser) look(name string, width int64) {
	b.Helper()
	if folder := os.Getenv("OHWATCH_SHOTS"); folder != "" {
		picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
		if err == nil {
			err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o600)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	got, err := chromedp.Run(b.ctx, chromedp.Evaluate[pageFindings](inspectPage))
	if err != nil {
		b.Fatal(err)
	}
	if int64(got.Width) > width || len(got.Spill) > 0 {
		b.Errorf("%s: %d px wide on a screen of %d: %v", name, got.Width, width, got.Spill)
	}
	if got.Nameless > 0 || len(got.Faint) > 0 || got.Foreign > 0 {
		b.Errorf("%s: %d fields or links without a name, too faint: %v, elements out of data: %d", name, got.Nameless, got.Faint, got.Foreign)
	}
	for i, level := range got.Levels {
		if i == 0 && level != 1 || i > 0 && (level == 1 || level > got.Levels[i-1]+1) {
			b.Errorf("%s: heading %d has level %d after %v", name, i, level, got.Levels[:i])
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.faults {
		b.Errorf("%s: %s", name, fault)
	}
	b.faults = nil
}

// TestPages_WarningsAndEvents clicks a warning through its whole life in a browser, against the real engine, and looks at
// each page as a phone and a desktop show it. With OHWATCH_SHOTS=folder it leaves pictures there.
func TestPages_WarningsAndEvents(t *testing.T) {
	useEngine(t)
	config := filepath.Join(t.TempDir(), "ohwatch.yaml")
	desks := "contacts:\n"
	for i := range 7 { // as many as a city has
		desks += fmt.Sprintf("  desk-%d: {office: CDC, role_zh: 市疾控应急值班室, role_en: Duty desk of the emergency office, phone: 0371-6269000%d}\n", i, i)
	}
	if err := os.WriteFile(config, []byte(desks), 0o600); err != nil {
		t.Fatal(err)
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	a := newApp(catalogue, strings.NewReader(""), io.Discard, io.Discard)
	a.flags.config, a.flags.today = config, "2026-11-16"
	if err := a.configure(); err != nil {
		t.Fatal(err)
	}
	if err := a.openDB(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.close() })
	const name = `新郑市测试</script><b>机械有限公司`
	for i, rule := range []string{"R04", "R23", "R27", "R39", "R04"} {
		severity := []string{"red", "orange", "yellow", "blue", "red"}[i]
		if err := a.db.ExecSQL(t.Context(), fmt.Sprintf(`INSERT INTO wrn_event (id, at, event, week, rule, version, severity, object_kind, object, object_name, area, addressee, due, args, evidence, n_evidence, by)
			VALUES ('%s-0000000%d', now64(3) - 60, 'opened', '2026-W4%d', '%s', '1', '%s', 'employer', 'E%d', '%s', '410184109', ['WJW', 'TS'], '2026-11-%d', map('n', '4', 'months', '12', 'what', '噪声聋', 'days', '90', 'recent', '2', 'workshop', '一车间', 'post', '打磨', 'value', '96', 'unit', 'dB(A)', 'limit', '85', 'state', '逾期', 'last', '2025-01-02', 'interval', '12', 'stream', 'exam', 'usual', '14'), ['case_report:x:4'], 1, 'test')`,
			rule, i, 4+i%3, rule, severity, i, name, 12+i)); err != nil {
			t.Fatal(err)
		}
	}
	log := a.events("li")
	minutesAgo := func(n int) *time.Time { at := a.now().Add(-time.Duration(n) * time.Minute); return &at }
	ill, dead := uint32(12), uint32(1)
	for _, exercise := range []bool{false, true} {
		g, err := log.Open(t.Context(), transform.EventEntry{
			EventKind: "poisoning", Exercise: exercise, Started: minutesAgo(200), Known: minutesAgo(180), Place: name, Agent: "一氧化碳", Counts: transform.Counts{Ill: &ill},
		})
		for i := 0; err == nil && i < 12; i++ { // more than a page holds
			_, err = log.Add(t.Context(), transform.EventEntry{
				Event: g.ID, Kind: transform.EntryMeasure, Text: strings.Repeat("停产、疏散，封存工作面，", 20), Counts: transform.Counts{Dead: &dead}, Persons: []string{"06e04872"},
			})
			if !exercise {
				break
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	server := &web.Server{
		Bulletins: t.TempDir(), Organisation: a.organisation(), Jobs: jobStatus{store: &runStore{db: a.db}, now: time.Now}, Warnings: warningPages{a}, Desk: deskPages{a},
		Events: eventPages{a}, Health: a.ping, Printer: a.printer, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}
	handler, err := server.Handler()
	if err != nil {
		t.Fatal(err)
	}
	host := httptest.NewServer(handler)
	defer host.Close()
	b := openBrowser(t, host.URL)
	const id = "R04-00000000"
	page := host.URL + "/warnings/" + id
	b.screen(390, "light")
	b.do(chromedp.Navigate(host.URL + "/"))
	b.send(`nav a[href="/warnings"]`)
	if text := b.says(); !strings.Contains(text, "另有 2 条只列入清单") { // the yellow and the blue one
		t.Errorf("the list:\n%s", text)
	}
	b.look("warnings-390", 390)
	b.send(`.tally a[href*="severity=red"]`)
	if text := b.says(); strings.Contains(text, "R23-") || !strings.Contains(text, "R04-00000004") {
		t.Errorf("the list of red ones:\n%s", text)
	}
	b.do(chromedp.SetValue(`#f-week`, "2026-W45"))
	b.send(`form button`)
	if text := b.says(); strings.Contains(text, id) || !strings.Contains(text, "R04-00000004") {
		t.Errorf("the list of a week:\n%s", text)
	}
	b.do(chromedp.Navigate(host.URL + "/warnings"))
	b.send(`a[href="/warnings/` + id + `"]`)
	b.look("warning-390", 390)

	fill := func(step string, fields ...string) {
		t.Helper()
		for i := 0; i < len(fields); i += 2 {
			b.do(chromedp.SetValue("#"+step+"-"+fields[i], fields[i+1]))
		}
	}
	open := func(step string) { // no script of the page: details open by themselves
		t.Helper()
		b.do(chromedp.Click(`details:has(input[value="`+step+`"]) > summary`), chromedp.WaitVisible("#"+step+"-by"))
	}
	for _, x := range []struct {
		step   string
		fields []string
		state  string
	}{
		{"acknowledged", []string{"by", "李 <b>"}, "已签收"},
		{"assigned", []string{"owner", "王", "due", "2026-12-01"}, "已派单"}, // who acts is remembered
		{"acting", []string{"comment", `</script><b>现场`}, "处置中"},
		{"comment", []string{"documents", "现场.pdf\n照片.jpg"}, "处置中"},
		{"verified", nil, "已核实"},
		{"closed", []string{"outcome", "measures_taken"}, "已关闭"},
	} {
		b.do(chromedp.Navigate(page))
		open(x.step)
		fill(x.step, x.fields...)
		b.send(`form:has(input[value="` + x.step + `"]) button`)
		if text := b.says(); !strings.Contains(text, "已记录。现在的状态： "+x.state) {
			t.Fatalf("%s did not lead to %s:\n%s", x.step, x.state, text)
		}
	}
	b.look("warning-closed-390", 390)
	for _, want := range []string{"李 <b>", "</script><b>现场", "现场.pdf", "照片.jpg", "承办人 王，期限 2026-12-01", "已采取措施"} {
		if text := b.says(); !strings.Contains(text, want) {
			t.Errorf("the history lacks %s:\n%s", want, text)
		}
	}

	// Somebody else is quicker: nothing is done, what was typed is kept, and sent again it is done.
	const other = "R23-00000001"
	b.do(chromedp.Navigate(host.URL + "/warnings/" + other))
	open("acting")
	fill("acting", "comment", "我已到现场", "owner", "赵")
	if _, err := transform.DoStep(t.Context(), a.db, other, transform.Change{Step: "acknowledged", By: "孙"}); err != nil {
		t.Fatal(err)
	}
	b.send(`form:has(input[value="acting"]) button`)
	kept, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`document.querySelector("#acting-comment").value + document.querySelector("#acting-owner").value`))
	if text := b.says(); err != nil || !strings.Contains(text, "未执行：已有他人操作") || !strings.Contains(text, "孙") || kept != "我已到现场赵" {
		t.Fatalf("a conflict, kept %q, %v:\n%s", kept, err, text)
	}
	b.look("conflict-390", 390)
	b.send(`form:has(input[value="acting"]) button`)
	if text := b.says(); !strings.Contains(text, "已记录。现在的状态： 处置中") {
		t.Errorf("sent again:\n%s", text)
	}
	// A step that is not possible any more: what was typed is shown.
	b.do(chromedp.Navigate(host.URL + "/warnings/" + other))
	open("verified")
	fill("verified", "comment", "已复查")
	if _, err := transform.DoStep(t.Context(), a.db, other, transform.Change{Step: "closed", Outcome: "other", By: "孙"}); err != nil {
		t.Fatal(err)
	}
	b.send(`form:has(input[value="verified"]) button`)
	if text := b.says(); !strings.Contains(text, "您填写的内容") || !strings.Contains(text, "已复查") {
		t.Errorf("a step that is lost:\n%s", text)
	}

	for _, x := range []struct {
		name, path, want string
		width            int64
		scheme           string
	}{
		{"warnings-1280", "/warnings?all=1&budget=all", "共 5 条", 1280, "light"},
		{"warning-1280", "/warnings/R04-00000004", "case_report:x:4", 1280, "dark"},
		{"events-390", "/events", "【演练】X2026-001", 390, "light"},
		{"event-390", "/events/X2026-001", "【演练】以下内容为演练", 390, "light"},
		{"event-1280", "/events/E2026-001", "超时", 1280, "light"},
		{"event-dark-390", "/events/E2026-001", "0371-62690001", 390, "dark"},
		{"report-390", "/events/X2026-001/report", "【演练】职业病危害事件情况报告", 390, "light"},
		{"report-1280", "/events/E2026-001/report", "06e04872", 1280, "light"},
	} {
		b.screen(x.width, x.scheme)
		b.do(chromedp.Navigate(host.URL + x.path))
		if text := b.says(); !strings.Contains(text, x.want) || strings.Contains(text, "[desk.") || strings.Contains(text, "[event.") {
			t.Errorf("%s lacks %q or a text:\n%s", x.name, x.want, text)
		}
		b.look(x.name, x.width)
	}
	// The situation report is one A4 page, however long the event.
	for _, id := range []string{"X2026-001", "E2026-001"} {
		b.do(chromedp.Navigate(host.URL + "/events/" + id + "/report"))
		printed, err := chromedp.Run(b.ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
		if err != nil {
			t.Fatal(err)
		}
		if pages := len(regexp.MustCompile(`/Type\s*/Page\b`).FindAll(printed, -1)); pages != 1 {
			t.Errorf("the report of %s has %d pages", id, pages)
		}
		if folder := os.Getenv("OHWATCH_SHOTS"); folder != "" {
			if err := os.WriteFile(filepath.Join(folder, id+".pdf"), bytes.Clone(printed), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
