package evaluate

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/template"
)

//go:embed evaluation.md.tmpl
var page string

// Cases is how many cases the event adds to a series with that mean a week.
func (s Shape) Cases(mean float64) int { return s.cases(mean) }

// WriteMarkdown writes the report as the page docs/evaluation.md.
func (r *Report) WriteMarkdown(w io.Writer) error {
	t, err := template.New("evaluation").Funcs(template.FuncMap{
		"num":    number,
		"pct":    func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) },
		"fixed":  func(x float64) string { return fmt.Sprintf("%.2f", x) },
		"fixed1": func(x float64) string { return fmt.Sprintf("%.1f", x) },
		"ratio":  func(x float64) string { return fmt.Sprintf("%.0f", x) },
		"delay":  FormatDelay,
		"title":  title,
		"low":    func(b Background) float64 { low, _ := b.extremes(); return low },
		"high":   func(b Background) float64 { _, high := b.extremes(); return high },
		"growth": func(b Background) float64 { return b.Growth - 1 },
		"sd":     func(b Background) float64 { return math.Sqrt(b.Dispersion) },
		"late":   func(b Background) float64 { return b.meanDelay() },
	}).Parse(page)
	if err != nil {
		return fmt.Errorf("read the page of the evaluation: %w", err)
	}
	if err := t.Execute(w, view{r}); err != nil {
		return fmt.Errorf("write the page of the evaluation: %w", err)
	}
	return nil
}

// number writes two or three digits that matter.
func number(x float64) string { return strconv.FormatFloat(rounded(x), 'f', -1, 64) }

func rounded(x float64) float64 {
	s := strconv.FormatFloat(x, 'g', 2, 64)
	if x >= 10 {
		s = strconv.FormatFloat(x, 'f', 0, 64)
	}
	y, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return x
	}
	return y
}

// FormatDelay writes a delay in weeks, a dash if there is none.
func FormatDelay(weeks *float64) string {
	if weeks == nil {
		return "–"
	}
	return strconv.FormatFloat(*weeks, 'f', -1, 64)
}

func title(background string) string {
	switch background {
	case Examined:
		return "Series whose exposure is known"
	case Diagnosed:
		return "Series without an exposure"
	}
	return "Counts that follow an exposure nobody told the detector"
}

func (b Background) extremes() (low, high float64) {
	low = math.Inf(1)
	for _, s := range b.Season {
		low, high = math.Min(low, s), math.Max(high, s)
	}
	return low, high
}

func (b Background) meanDelay() float64 {
	var mean float64
	for weeks, share := range b.Delay {
		mean += float64(weeks) * share
	}
	return mean
}

// view is what the page shows of a report.
type view struct{ *Report }

func (v view) Gap() int                 { return episodeGap }
func (v view) Grace() int               { return graceWeeks }
func (v view) Classes() []float64       { return classes() }
func (v view) Kinds() []string          { return cityKinds() }
func (v view) Recommended() []string    { return recommended() }
func (v view) AllBackgrounds() []string { return []string{Examined, Diagnosed, Blind} }

func (v view) Methods() []string {
	var names []string
	for _, m := range methods() {
		names = append(names, m.name)
	}
	return names
}

// Busiest is how many times as many examinations the busiest week has as the one with fewest.
func (v view) Busiest() float64 {
	low, high := v.Backgrounds[0].extremes()
	return high / low
}

// Cell is what a method finds at its best setting within the limit.
func (v view) Cell(background, method string, expected float64) string {
	tried := false
	for _, m := range methods() {
		tried = tried || m.name == method && m.fits(expected)
	}
	if !tried {
		return ""
	}
	if r, ok := v.best(background, method, expected); ok {
		return fmt.Sprintf("%.0f %%", 100*r.Sensitivity)
	}
	return "–"
}

// best is the row of the best setting within the limit, of the method or of all whose name begins with it.
func (v view) best(background, method string, expected float64) (best Row, ok bool) {
	for _, r := range bestByMethod(v.Rows, background, expected) {
		if strings.HasPrefix(r.Method, method) && (!ok || better(r, best)) {
			best, ok = r, true
		}
	}
	return best, ok
}

func (v view) sensitivity(background, method string, expected float64) float64 {
	r, _ := v.best(background, method, expected)
	return r.Sensitivity
}

func (v view) KnownBest() float64       { return v.sensitivity(Examined, "", 1) }
func (v view) BlindBest() float64       { return v.sensitivity(Blind, "", 1) }
func (v view) ScanSmall() float64       { return v.sensitivity(Diagnosed, "window_scan", 0.1) }
func (v view) FarringtonSmall() float64 { return v.sensitivity(Diagnosed, "farrington", 0.1) }
func (v view) WeekSmall() float64       { return v.sensitivity(Diagnosed, "window_test, 1 week", 0.1) }

// RiseDelay is how late the recommended method is for a small rise in a series with one case in ten weeks.
func (v view) RiseDelay() *float64 {
	for _, c := range v.Choices {
		for i, s := range v.Shapes {
			if c.Background == Examined && c.Expected == 0.1 && s.Kind == "rise" && s.Size == "small" && i < len(c.Recommended.Found) {
				return c.Recommended.Found[i].Delay
			}
		}
	}
	return nil
}

// Chance is two standard errors of the share of events of all kinds that are found, at worst.
func (v view) Chance() float64 {
	return 2 * math.Sqrt(0.25/float64(v.Series*len(v.Shapes)))
}
