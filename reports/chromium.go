package reports

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdppage "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// ErrNoChromium is returned where PDF or pictures are asked for and no Chromium answers: there is none, or it hangs.
var ErrNoChromium = errors.New("no Chromium answers")

// How long Chromium may take to start and to print one report.
const (
	startMost = 20 * time.Second
	printMost = 60 * time.Second
)

// Chromium prints pages as PDF and their figures as pictures. Only one report at a time is printed with it.
type Chromium struct {
	ctx    context.Context
	cancel []func()
	dir    string
}

// OpenChromium starts the program, or where it is empty the first of the usual names that is installed. Close ends it.
//
// Errors: ErrNoChromium.
func OpenChromium(ctx context.Context, program string) (*Chromium, error) {
	if program == "" {
		for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "headless-shell"} {
			if found, err := exec.LookPath(name); err == nil {
				program = found
				break
			}
		}
	}
	if program == "" {
		return nil, fmt.Errorf("%w: none of its names is in the PATH", ErrNoChromium)
	}
	dir, err := os.MkdirTemp("", "ohwatch-chromium-*")
	if err != nil {
		return nil, err
	}
	c := &Chromium{dir: dir}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(filepath.Join(dir, "profile")), chromedp.WSURLReadTimeout(startMost),
		chromedp.Headless, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-quic", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND"),
	}
	if os.Geteuid() == 0 { // Chromium's sandbox refuses to run for root
		options = append(options, chromedp.NoSandbox)
	}
	allocated, cancel := chromedp.NewExecAllocator(ctx, options...)
	c.cancel = append(c.cancel, cancel)
	c.ctx, cancel = chromedp.NewContext(allocated, chromedp.WithErrorf(func(string, ...any) {})) // what fails is returned
	c.cancel = append(c.cancel, cancel)
	if err := chromedp.Do(c.ctx, chromedp.Navigate("about:blank")); err != nil {
		c.Close()
		return nil, fmt.Errorf("%w: %s: %w", ErrNoChromium, filepath.Base(program), err)
	}
	return c, nil
}

// Close ends Chromium and removes what it kept.
func (c *Chromium) Close() {
	for i := len(c.cancel) - 1; i >= 0; i-- {
		c.cancel[i]()
	}
	os.RemoveAll(c.dir) // its profile; what cannot be removed lies in the folder for temporary files
}

// picture is a figure as PNG.
type picture struct {
	PNG           []byte
	Width, Height float64 // in CSS pixels
}

// print writes a page as A4 with page numbers. footer is HTML with the classes pageNumber and totalPages; day stands for the day of
// printing, so that the same page gives the same bytes.
func (c *Chromium) print(ctx context.Context, page []byte, footer string, day time.Time) ([]byte, error) {
	stop, err := c.open(ctx, page, 1280)
	if err != nil {
		return nil, err
	}
	defer stop()
	data, err := chromedp.Run(c.ctx, chromedp.PrintToPDF(
		chromedp.PDFPreferCSSPageSize(), chromedp.PDFPrintBackground(), chromedp.PDFOutlineAndTagged(), chromedp.PDFStream(),
		chromedp.PDFHeaderTemplate("<span></span>"), chromedp.PDFFooterTemplate(footer)))
	if err != nil {
		return nil, fmt.Errorf("%w: print: %w", ErrNoChromium, err)
	}
	return dated(data, day), nil
}

// pictures returns the figures of a page as they stand in print, by id.
func (c *Chromium) pictures(ctx context.Context, page []byte) (map[string]picture, error) {
	const width = 760
	stop, err := c.open(ctx, page, width)
	if err != nil {
		return nil, err
	}
	defer stop()
	type place struct {
		ID                  string
		X, Y, Width, Height float64
	}
	places, err := chromedp.Run(c.ctx, chromedp.Evaluate[[]place](`(() => {
  document.querySelectorAll("details.fold").forEach(e => { e.open = true; });
  return [...document.querySelectorAll(".figure .still svg")].map(e => {
    const r = e.getBoundingClientRect();
    return {ID: e.closest(".figure").id, X: r.x + scrollX, Y: r.y + scrollY, Width: r.width, Height: r.height};
  }).filter(p => p.Width > 0 && p.Height > 0);
})()`))
	if err != nil {
		return nil, fmt.Errorf("%w: find the figures: %w", ErrNoChromium, err)
	}
	beyond := true
	found := map[string]picture{}
	for _, p := range places {
		shot, err := chromedp.Call(c.ctx, cdppage.CaptureScreenshot, cdppage.CaptureScreenshotParams{
			CaptureBeyondViewport: &beyond, Clip: &cdppage.Viewport{X: p.X, Y: p.Y, Width: p.Width, Height: p.Height, Scale: 2},
		})
		if err != nil {
			return nil, fmt.Errorf("%w: picture %s: %w", ErrNoChromium, p.ID, err)
		}
		found[p.ID] = picture{PNG: shot.Data, Width: p.Width, Height: p.Height}
	}
	return found, nil
}

// open loads a page as print shows it. The function it returns ends the time that printing may take.
func (c *Chromium) open(ctx context.Context, page []byte, width int64) (stop func(), err error) {
	file := filepath.Join(c.dir, "page.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoChromium, err)
	}
	late := time.AfterFunc(printMost, c.cancel[0]) // a Chromium that hangs is ended
	unwatch := context.AfterFunc(ctx, c.cancel[0])
	stop = func() { late.Stop(); unwatch() }
	if _, err = chromedp.Call(c.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: 1000, DeviceScaleFactor: 1,
	}); err == nil {
		_, err = chromedp.Call(c.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	}
	if err == nil {
		err = chromedp.Do(c.ctx, chromedp.Navigate("file://"+filepath.ToSlash(file)))
	}
	if err != nil {
		stop()
		return nil, fmt.Errorf("%w: open the page: %w", ErrNoChromium, err)
	}
	return stop, nil
}

var (
	printed = regexp.MustCompile(`/(CreationDate|ModDate) \(D:\d{14}`)
	element = regexp.MustCompile(`node\d{8}`)
)

// dated replaces in a PDF what depends on the run, in as many bytes: the instant of printing by a day, and the numbers of
// the elements of its structure, which count on while Chromium runs, by their order.
func dated(pdf []byte, day time.Time) []byte {
	pdf = printed.ReplaceAllFunc(pdf, func(found []byte) []byte {
		return append(found[:len(found)-14:len(found)-14], day.Format("20060102")+"000000"...)
	})
	var names []string
	for _, name := range element.FindAll(pdf, -1) {
		names = append(names, string(name))
	}
	slices.Sort(names)
	names = slices.Compact(names)
	return element.ReplaceAllFunc(pdf, func(found []byte) []byte {
		at, _ := slices.BinarySearch(names, string(found))
		return fmt.Appendf(nil, "node%08d", at)
	})
}
