package reports

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"ohwatch/internal/message"
)

// browser starts one headless Chromium for a test. Without one in the PATH the test is skipped.
func browser(t *testing.T) context.Context {
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
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// call runs a command of the browser's protocol.
func call[P, R any](ctx context.Context, t *testing.T, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(ctx, command, params); err != nil {
		t.Fatal(err)
	}
}

// evaluate returns what an expression gives in the page.
func evaluate[T any](ctx context.Context, t *testing.T, expression string) T {
	t.Helper()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// watcher collects what a page must not do: complain, ask the network, open a dialog.
type watcher struct {
	mu     sync.Mutex
	faults []string
}

func (w *watcher) listen(ctx context.Context) error {
	note := func(format string, args ...any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.faults = append(w.faults, fmt.Sprintf(format, args...))
	}
	return chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
				note("console %s: %v", e.Type, e.Args[0].Value)
			}
		case *runtime.EventExceptionThrown:
			note("exception: %s", e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			note("log: %s", e.Entry.Text)
		case *network.EventRequestWillBeSent:
			if !strings.HasPrefix(e.Request.URL, "file:") && !strings.HasPrefix(e.Request.URL, "data:") {
				note("request: %s", e.Request.URL)
			}
		case *cdppage.EventJavascriptDialogOpening:
			note("dialog: %s", e.Message)
			go func() {
				_, _ = chromedp.Call(ctx, cdppage.HandleJavaScriptDialog, cdppage.HandleJavaScriptDialogParams{Accept: true})
			}()
		}
	})
}

func (w *watcher) check(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, fault := range w.faults {
		t.Error(fault)
	}
	w.faults = nil
}

// findings is what the page itself reports in the browser.
type findings struct {
	Width     int      `json:"width"`     // of the content
	Spill     []string `json:"spill"`     // elements that stick out
	Canvases  int      `json:"canvases"`  // charts drawn
	Blank     int      `json:"blank"`     // charts without a single mark
	Figures   int      `json:"figures"`   // charts expected
	Levels    []int    `json:"levels"`    // of the headings
	Unlabeled int      `json:"unlabeled"` // pictures without a name
	Lang      string   `json:"lang"`
	Faint     []string `json:"faint"` // texts under the contrast of WCAG AA
}

const inspect = `(() => {
  const drawn = [...document.querySelectorAll(".figure.drawn .canvas canvas")];
  const blank = drawn.filter(c => {
    const data = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
    let marks = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 40) marks++;
    return marks < 500;
  }).length;
  for (const e of document.querySelectorAll(".figure.drawn .canvas")) {
    const chart = echarts.getInstanceByDom(e);
    chart.getOption().series.forEach((s, i) => chart.dispatchAction({type: "showTip", seriesIndex: i, dataIndex: 0}));
    chart.dispatchAction({type: "hideTip"});
  }
  const limit = document.documentElement.clientWidth;
  const inScroll = e => e.closest(".scroll, .canvas, .skip, svg");
  const spill = [...document.body.querySelectorAll("*")].filter(e => !inScroll(e) && e.getBoundingClientRect().right > limit + 1)
    .map(e => e.tagName + "." + e.className).slice(0, 5);
  const rgb = s => (s.match(/[\d.]+/g) || []).map(Number);
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length === 3 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const faint = new Set();
  for (const e of document.body.querySelectorAll("*")) {
    if (e.closest("svg, script, style, .skip") || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
    const style = getComputedStyle(e), a = lum(rgb(style.color).slice(0, 3)), b = lum(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = parseFloat(style.fontSize) >= 24 || parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) faint.add(e.tagName + "." + e.className + " " + ratio.toFixed(2));
  }
  return {
    width: document.documentElement.scrollWidth, spill, canvases: drawn.length, blank,
    figures: document.querySelectorAll(".figure .canvas").length,
    levels: [...document.querySelectorAll("h1,h2,h3,h4")].filter(h => !h.closest("details:not([open])")).map(h => Number(h.tagName[1])),
    unlabeled: [...document.querySelectorAll("svg, .canvas")].filter(e => !e.getAttribute("aria-label") && e.getAttribute("aria-hidden") !== "true").length,
    lang: document.documentElement.lang, faint: [...faint],
  };
})()`

// TestBulletin_InBrowser opens each bulletin as a phone and a desktop show it, in both colour schemes.
// With OHWATCH_SHOTS=folder it leaves pictures and a PDF there to be looked at.
func TestBulletin_InBrowser(t *testing.T) {
	ctx := browser(t)
	var watch watcher
	if err := watch.listen(ctx); err != nil {
		t.Fatal(err)
	}
	call(ctx, t, network.Enable, network.EnableParams{})
	call(ctx, t, log.Enable, cdp.Empty{})
	dir := t.TempDir()
	bulletin := func(make func(testing.TB) *Bulletin) func(testing.TB, message.Lang) []byte {
		return func(t testing.TB, lang message.Lang) []byte { return render(t, make(t), lang) }
	}
	report := func(make func(testing.TB) *Situation) func(testing.TB, message.Lang) []byte {
		return func(t testing.TB, lang message.Lang) []byte { return renderSituation(t, make(t), lang) }
	}
	for _, c := range []struct {
		name   string
		page   func(testing.TB, message.Lang) []byte
		lang   message.Lang
		width  int64
		scheme string
	}{
		{"full", bulletin(fullBulletin), message.Chinese, 390, "light"},
		{"full", bulletin(fullBulletin), message.Chinese, 1280, "light"},
		{"full", bulletin(fullBulletin), message.Chinese, 390, "dark"},
		{"full", bulletin(fullBulletin), message.English, 390, "light"},
		{"full", bulletin(fullBulletin), message.English, 1280, "dark"},
		{"quiet", bulletin(quietBulletin), message.Chinese, 390, "light"},
		{"empty", bulletin(emptyBulletin), message.Chinese, 390, "light"},
		{"empty", bulletin(emptyBulletin), message.English, 1280, "light"},
		{"hostile", bulletin(hostileBulletin), message.Chinese, 390, "light"},
		{"hostile", bulletin(hostileBulletin), message.English, 1280, "dark"},
		{"quarterly", report(revised), message.Chinese, 390, "light"},
		{"quarterly", report(revised), message.English, 1280, "dark"},
		{"township", report(letter), message.Chinese, 390, "dark"},
		{"township", report(letter), message.Chinese, 1280, "light"},
		{"nothing", report(func(t testing.TB) *Situation { return emptySituation(t, KindAnnual, "2025") }), message.English, 390, "light"},
		{"hostile-report", report(hostileSituation), message.Chinese, 390, "light"},
	} {
		t.Run(fmt.Sprintf("%s-%s-%d-%s", c.name, c.lang, c.width, c.scheme), func(t *testing.T) {
			data := c.page(t, c.lang)
			file := filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", "_")+".html")
			if err := os.WriteFile(file, data, 0o600); err != nil {
				t.Fatal(err)
			}
			call(ctx, t, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
				Width: c.width, Height: 844, DeviceScaleFactor: 2, Mobile: c.width < 500,
			})
			call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: c.scheme}},
			})
			if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
				t.Fatal(err)
			}
			got := evaluate[findings](ctx, t, inspect)
			alerted := evaluate[bool](ctx, t, `document.querySelectorAll("img").length > 0`)
			shoot(ctx, t, c.width == 1280)
			watch.check(t)
			if alerted {
				t.Error("a name of the data became an element")
			}
			if int64(got.Width) > c.width || len(got.Spill) > 0 {
				t.Errorf("content is %d px wide on a screen of %d: %v", got.Width, c.width, got.Spill)
			}
			if got.Canvases != got.Figures || got.Blank > 0 {
				t.Errorf("%d of %d charts drawn, %d of them blank", got.Canvases, got.Figures, got.Blank)
			}
			if c.name == "full" && got.Figures < 6 {
				t.Errorf("%d charts, want at least 6", got.Figures)
			}
			if got.Unlabeled > 0 {
				t.Errorf("%d pictures have no label", got.Unlabeled)
			}
			if want := map[message.Lang]string{message.Chinese: "zh-CN", message.English: "en"}[c.lang]; got.Lang != want {
				t.Errorf("lang is %q, want %q", got.Lang, want)
			}
			for i, level := range got.Levels {
				if i == 0 && level != 1 || i > 0 && (level == 1 || level > got.Levels[i-1]+1) {
					t.Errorf("heading %d has level %d after %v", i, level, got.Levels[:i])
				}
			}
			if len(got.Faint) > 0 {
				t.Errorf("contrast under 4.5: %v", got.Faint)
			}
		})
	}
}

// shoot leaves a picture of the page, and a PDF of wide ones, in the folder that OHWATCH_SHOTS names.
func shoot(ctx context.Context, t *testing.T, printed bool) {
	folder := os.Getenv("OHWATCH_SHOTS")
	if folder == "" {
		return
	}
	name := filepath.Join(folder, strings.ReplaceAll(strings.TrimPrefix(t.Name(), "TestBulletin_InBrowser/"), "/", "_"))
	picture, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".png", picture, 0o600); err != nil {
		t.Fatal(err)
	}
	if printed {
		document, err := chromedp.Run(ctx, chromedp.PrintToPDF(chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name+".pdf", document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBulletin_WithoutScripts checks that a reader whose browser runs no scripts still sees every figure.
func TestBulletin_WithoutScripts(t *testing.T) {
	ctx := browser(t)
	data, err := Render(fullBulletin(t), printer(t, message.Chinese))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "still.html")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	call(ctx, t, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+file)); err != nil {
		t.Fatal(err)
	}
	pictures := evaluate[int](ctx, t, `[...document.querySelectorAll("section > .figures > .figure > .still svg")].filter(e => e.getBoundingClientRect().height > 80).length`)
	figures := evaluate[int](ctx, t, `document.querySelectorAll("section > .figures > .figure").length`)
	canvases := evaluate[int](ctx, t, `document.querySelectorAll("canvas").length`)
	if figures == 0 || pictures != figures || canvases != 0 {
		t.Errorf("%d of %d figures stand without scripts, %d canvases", pictures, figures, canvases)
	}
}
