package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ohwatch/internal/message"
	"ohwatch/internal/period"
	"ohwatch/reports"
	"ohwatch/transform"
)

// situationOptions are the flags of `ohwatch report monthly|quarterly|annual|township`.
type situationOptions struct {
	kind   reports.Kind
	period period.Period
	area   string
	out    outputs
	public bool
}

// newReportSituationCommand is `ohwatch report monthly`, `quarterly`, `annual` and `township`.
func newReportSituationCommand(a *app, kind reports.Kind) *cobra.Command {
	example := map[reports.Kind]string{
		reports.KindMonthly: "2026-10", reports.KindQuarterly: "2026Q3", reports.KindAnnual: "2025", reports.KindTownship: "2026Q3",
	}[kind]
	use := fmt.Sprintf("%s [--period %s] [--out DIR] [--format html,pdf,docx,xlsx] [--public]", kind, example)
	if kind == reports.KindTownship {
		use = fmt.Sprintf("%s [--period %s] [--area CODE] [--out DIR] [--format html,pdf,docx,xlsx] [--public]", kind, example)
	}
	o := situationOptions{kind: kind}
	var when string
	command := &cobra.Command{
		Use:   use,
		Short: a.text("report.command_"+string(kind)+"_short", nil),
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.period = a.lastPeriod(kind)
			if when != "" {
				var err error
				if o.period, err = period.Parse(when); err != nil || !kind.Takes(o.period.Kind) {
					return wrongUsage("report.bad_period_of", map[string]any{"period": when, "example": example})
				}
			}
			if o.period.Start.After(a.today()) {
				return wrongUsage("report.future_period", map[string]any{"period": o.period.String()})
			}
			if err := o.out.check(); err != nil {
				return err
			}
			return a.situation(cmd.Context(), o)
		},
	}
	flags := command.Flags()
	flags.StringVar(&when, "period", "", a.text("report.flag_period_of", nil))
	if kind == reports.KindTownship {
		flags.StringVar(&o.area, "area", "", a.text("report.flag_area", nil))
	}
	o.out.flags(a, command)
	flags.BoolVar(&o.public, "public", false, a.text("report.flag_public", nil))
	return command
}

// lastPeriod is the last period of a kind of report that had ended before today.
func (a *app) lastPeriod(kind reports.Kind) period.Period {
	of := map[reports.Kind]period.Kind{reports.KindMonthly: period.Month, reports.KindAnnual: period.Year}[kind]
	if kind == reports.KindQuarterly || kind == reports.KindTownship {
		of = period.Quarter
	}
	return period.Of(a.today(), of).Prev(1)
}

// situation writes a situation report, or the letters to one or all townships, and freezes the values behind them.
func (a *app) situation(ctx context.Context, o situationOptions) error {
	if err := a.openDB(ctx); err != nil {
		return err
	}
	areas := []reports.Area{{}}
	if o.kind == reports.KindTownship {
		var err error
		if areas, err = a.letterAreas(ctx, o.area); err != nil {
			return err
		}
	}
	head, err := a.masthead()
	if err != nil {
		return err
	}
	printer := a.reportPrinter()
	opt := reports.Options{
		Period: o.period, Today: a.today(), Out: a.reportFolder(o.out.folder), CityCode: a.cfg.City.Code, Masthead: head, Printer: printer, By: "command", Formats: o.out.forms(),
	}
	freeze := transform.Freeze{
		Kind: transform.SnapshotBulletin, Periods: []string{o.period.String()}, Series: true,
		Name: fmt.Sprintf("%s-%s%s-%s", o.kind, o.period, map[bool]string{true: "-" + o.area}[o.area != ""], printer.Lang()),
	}
	var revisions []transform.Revision
	if opt.Values, opt.Revision, revisions, err = a.revision(ctx, freeze); err != nil {
		return err
	}
	basis, err := a.basisOf(ctx, o)
	if err != nil {
		return err
	}
	digest := sha256.New()
	var written []reports.Result
	var missing error
	err = a.withChromium(ctx, opt.Formats, func(browser *reports.Chromium) error {
		opt.Chromium = browser
		for _, area := range areas {
			opt := opt
			opt.Revision.Changes = changesOf(revisions, cmp.Or(area.Code, a.cfg.City.Code), basis.indicators)
			s, err := reports.ReadSituation(ctx, a.db, o.kind, area, opt)
			if err != nil {
				return err
			}
			s.Supplement = basis.supplement(a.cfg.City.Code, area.Code, s.Readings)
			if o.public {
				s.Hide(a.cfg.Reports.SmallCells)
			}
			results, err := reports.WriteSituation(ctx, a.db, s, opt)
			if errors.Is(err, reports.ErrNoChromium) {
				missing = err
			} else if err != nil {
				return err
			}
			for _, result := range results {
				io.WriteString(digest, result.SHA256)
			}
			written = append(written, results...)
		}
		return nil
	})
	if err != nil {
		return err
	}
	freeze.Document, freeze.SHA256 = string(o.kind)+"-"+o.period.String(), hex.EncodeToString(digest.Sum(nil))
	if len(written) == 1 {
		freeze.Document, freeze.SHA256 = filepath.Base(written[0].Path), written[0].SHA256
	}
	snapshot, err := a.freezeReport(ctx, freeze, "command")
	if err != nil {
		return err
	}
	return a.printReports(written, snapshot, missing)
}

// letterAreas are the townships that get a letter: the one with the code, or all.
func (a *app) letterAreas(ctx context.Context, code string) ([]reports.Area, error) {
	has, err := transform.HasModels(ctx, a.db, "dim_township")
	if err != nil {
		return nil, err
	}
	if !has {
		return nil, transform.ErrNoValues
	}
	townships, err := transform.Townships(ctx, a.db)
	if err != nil {
		return nil, err
	}
	var areas []reports.Area
	for _, t := range townships {
		if code == "" || t.Code == code {
			areas = append(areas, reports.Area{Code: t.Code, Name: message.Text(t.Name)})
		}
	}
	if len(areas) == 0 {
		return nil, wrongUsage("gap.unknown_area", map[string]any{"area": code, "city": a.cfg.City.Code})
	}
	return areas, nil
}

// revision says which values a report will show, the number of its issue and what differs from the issue before: an issue is
// another one when its values are. Without values it is the first.
func (a *app) revision(ctx context.Context, f transform.Freeze) (hash string, r reports.Revision, changes []transform.Revision, err error) {
	r.Number = 1
	opt := a.transformOptions("command")
	hash, err = transform.FrozenHash(ctx, a.db, opt, f)
	if errors.Is(err, transform.ErrNoValues) {
		return "", r, nil, nil
	}
	if err != nil {
		return "", r, nil, err
	}
	all, err := transform.Snapshots(ctx, a.db)
	if err != nil {
		return "", r, nil, err
	}
	var before []transform.Snapshot // one for each run of equal values, newest first
	for _, s := range all {
		if s.Kind == f.Kind && s.Name == f.Name && (len(before) == 0 || before[len(before)-1].ValuesSHA256 != s.ValuesSHA256) {
			before = append(before, s)
		}
	}
	after := uint64(0)
	if len(before) > 0 && before[0].ValuesSHA256 == hash {
		after, before = before[0].Snapshot, before[1:]
	}
	r.Number = len(before) + 1
	if len(before) == 0 {
		return hash, r, nil, nil
	}
	r.Of = before[0].ValuesSHA256
	changes, err = transform.Revisions(ctx, a.db, opt, before[0].Snapshot, after)
	r.Total = len(changes)
	return hash, r, changes, err
}

// shownChanges is how many changed values a report lists.
const shownChanges = 40

// changesOf are the changed headline values of an area.
func changesOf(revisions []transform.Revision, area string, indicators []transform.Indicator) []reports.Change {
	var changes []reports.Change
	for _, v := range revisions {
		at := slices.IndexFunc(indicators, func(i transform.Indicator) bool { return i.ID == v.Indicator })
		if at < 0 || v.Area != area || v.Dim != "" && v.Dim != "township" || len(changes) == shownChanges {
			continue
		}
		variant := indicators[at].Variants[0]
		if variant.Name != v.Variant {
			continue
		}
		change := reports.Change{Indicator: v.Indicator, Title: message.Text(indicators[at].Title), Period: v.Period, Area: v.Area, Unit: string(variant.Unit)}
		for _, one := range []struct {
			from *transform.Reading
			to   *reports.Value
		}{{v.Before, &change.Before}, {v.After, &change.After}} {
			if one.from != nil {
				*one.to = reports.Value{N: one.from.Numerator, D: one.from.Denominator, Value: one.from.Value}
			}
		}
		causes := map[string]bool{}
		for _, c := range v.Causes {
			causes[c.Cause] = true
		}
		change.Causes = slices.Sorted(maps.Keys(causes))
		changes = append(changes, change)
	}
	return changes
}

// basis is what the reports of one period take from other parts of the program, read once for all letters.
type basis struct {
	indicators  []transform.Indicator
	forecasts   map[string][]transform.Forecast // by indicator
	gaps        []transform.GapList
	townships   map[string]map[string]transform.GapSummary // by indicator and township
	reasons     map[string]message.Text
	exposures   []transform.Exposure
	doses       *reports.DoseTable
	steps       []transform.StepCount
	transitions []transform.Transition
}

// basisOf reads the basis. What has no values yet is left out.
func (a *app) basisOf(ctx context.Context, o situationOptions) (basis, error) {
	b := basis{forecasts: map[string][]transform.Forecast{}, townships: map[string]map[string]transform.GapSummary{}, reasons: map[string]message.Text{}}
	var err error
	if b.indicators, err = transform.LoadIndicators(a.files); err != nil {
		return b, err
	}
	if has, err := transform.HasModels(ctx, a.db, "ind_value", "fct_patient_case", "fct_dose_person_year", "ind_exposure_group", "fct_employer_reading"); err != nil || !has {
		return b, err
	}
	year := o.period.Start.Year()
	month := 0
	if o.period.End.Before(a.today()) && o.period.Kind != period.Year {
		month = int(o.period.End.Month())
	}
	for _, i := range b.indicators {
		f := transform.ForecastFilter{Indicator: i, Variant: i.Variants[0].Name, Year: year, Month: month}
		forecasts, _, err := transform.Forecasts(ctx, a.db, f)
		switch {
		case isError(err, transform.ErrNotProjected), isError(err, transform.ErrNoPeriod):
			continue
		case err != nil:
			return b, err
		}
		b.forecasts[i.ID] = forecasts
	}
	if o.kind == reports.KindTownship {
		return b, a.readGaps(ctx, o.period.String(), &b)
	}
	if b.exposures, err = transform.Exposures(ctx, a.db, transform.ExposureFilter{Year: year}); err != nil {
		return b, err
	}
	doseYear := year
	if o.period.Kind != period.Year || a.today().Before(o.period.End) {
		doseYear-- // the last whole year
	}
	doses, err := transform.AnnualDoses(ctx, a.db, transform.DoseTable{Year: doseYear, Decimals: -1})
	if err != nil {
		return b, err
	}
	for _, d := range doses {
		table := reports.DoseTable{Year: doseYear, Bands: d.Bands, Monitored: int(d.Monitored), Collective: d.Collective, Mean: d.Mean, Max: d.Max}
		for _, n := range d.Counts {
			table.Counts = append(table.Counts, int(n))
		}
		b.doses = &table
	}
	b.transitions, b.steps, err = transform.Funnel(ctx, a.db, a.today(), transform.PatientFilter{Public: o.public})
	return b, err
}

// isError reports whether err is one of transform's with that code.
func isError(err error, kind *transform.Error) bool {
	var e *transform.Error
	return errors.As(err, &e) && e.Code == kind.Code
}

// readGaps reads the lists behind the gaps of a period, and sums them up by township.
func (a *app) readGaps(ctx context.Context, p string, b *basis) error {
	definitions, err := transform.LoadGaps(a.files)
	if err != nil {
		return err
	}
	zh, en := a.catalogue.Printer(message.Chinese), a.catalogue.Printer(message.English)
	for _, d := range definitions {
		list, err := transform.Gaps(ctx, a.db, a.files, a.cfg.City.Code, transform.GapFilter{Indicator: d.Indicator.ID, Period: p})
		if isError(err, transform.ErrNoPeriod) || isError(err, transform.ErrNoGapList) {
			continue
		}
		if err != nil {
			return err
		}
		b.gaps = append(b.gaps, list)
		towns, err := list.ByTownship(ctx, a.db, a.cfg.City.Code)
		if err != nil {
			return err
		}
		b.townships[d.Indicator.ID] = map[string]transform.GapSummary{}
		for _, t := range towns {
			b.townships[d.Indicator.ID][t.Area] = t
		}
		for _, g := range list.Gaps {
			if _, ok := b.reasons[g.Reason]; !ok {
				b.reasons[g.Reason] = message.Text{Zh: zh.Text("gap.reason_"+g.Reason, nil), En: en.Text("gap.reason_"+g.Reason, nil)}
			}
		}
	}
	return nil
}

// shownGaps is how many employers a letter names for each reading, shownHazards how many hazards a report draws.
const (
	shownGaps    = 12
	shownHazards = 10
)

// supplement is what the report on the city, or on a township, shows of the basis.
func (b basis) supplement(city, township string, readings []reports.Reading) reports.Supplement {
	var s reports.Supplement
	area := cmp.Or(township, city)
	for _, r := range readings {
		for _, f := range b.forecasts[r.Indicator] {
			if f.Area != area || f.Status == "no_data" {
				continue
			}
			s.Projections = append(s.Projections, reports.Projection{
				Indicator: r.Indicator, Title: r.Title, Unit: r.Unit, Target: f.Target, Probability: f.Probability, Status: f.Status,
				Projected: reports.Value{Value: f.Projected, Lower: f.Lower, Upper: f.Upper},
			})
		}
	}
	if township != "" {
		s.Gaps = b.letterGaps(township)
		return s
	}
	s.Exposure, s.Dose = b.exposureLevels(), b.doses
	for _, x := range b.steps {
		if x.Kind == "step" && x.Area == "" {
			s.Funnel = append(s.Funnel, reports.FunnelStep{Name: x.Name, Cases: x.Cases, Persons: x.Persons})
		}
	}
	for _, x := range b.transitions {
		if x.Area == "" {
			s.Waits = append(s.Waits, reports.Wait{
				Name: x.Name, N: x.N, Reached: x.Reached, Open: x.Open, Median: x.Median, Lower: x.Lower, Upper: x.Upper, Hidden: x.Hidden,
			})
		}
	}
	return s
}

// letterGaps are the lists of a township.
func (b basis) letterGaps(township string) []reports.GapList {
	var lists []reports.GapList
	for _, l := range b.gaps {
		id := l.Definition.Indicator.ID
		sum, ok := b.townships[id][township]
		if !ok {
			continue
		}
		out := reports.GapList{Indicator: id, Title: message.Text(l.Definition.Indicator.Title), Needed: sum.Needed, Missing: sum.Missing, Employers: sum.Employers}
		for _, g := range l.Gaps {
			if g.Area != township || len(out.Lines) == shownGaps {
				continue
			}
			line := reports.GapLine{Employer: cmp.Or(g.EmployerName, g.Employer), Missing: g.Missing, Of: g.Denominator, Reason: b.reasons[g.Reason]}
			if g.Since != nil {
				line.Since = *g.Since
			}
			out.Lines = append(out.Lines, line)
		}
		lists = append(lists, out)
	}
	return lists
}

// exposureLevels counts the groups of the hazards with the most groups over the limit.
func (b basis) exposureLevels() []reports.ExposureLevel {
	byHazard := map[string]*reports.ExposureLevel{}
	var levels []*reports.ExposureLevel
	for _, x := range b.exposures {
		l := byHazard[x.Hazard]
		if l == nil {
			l = &reports.ExposureLevel{Hazard: message.Text{Zh: cmp.Or(x.HazardZh, x.Hazard), En: cmp.Or(x.HazardEn, x.Hazard)}}
			byHazard[x.Hazard] = l
			levels = append(levels, l)
		}
		switch x.Verdict {
		case "non-compliance":
			l.Exceeding++
		case "compliance":
			l.Compliant++
		case "no-decision":
			l.Undecided++
		default:
			l.TooFew++
		}
		if x.Over > 0 {
			l.Over++
		}
	}
	slices.SortFunc(levels, func(a, b *reports.ExposureLevel) int {
		return cmp.Or(cmp.Compare(b.Exceeding, a.Exceeding), cmp.Compare(b.Over, a.Over), cmp.Compare(a.Hazard.Zh, b.Hazard.Zh))
	})
	var out []reports.ExposureLevel
	for _, l := range levels[:min(len(levels), shownHazards)] {
		out = append(out, *l)
	}
	return out
}
