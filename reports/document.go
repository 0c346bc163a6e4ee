package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ohwatch/internal/period"
)

// document is a report in the words of one language, cut into sections of blocks. All forms are written from it.
type document struct {
	head
	Kind     Kind
	Contents bool // a table of contents stands in front
	Sections []section
}

// section is a numbered part of a document.
type section struct {
	ID     string
	Title  string
	Lead   string
	Blocks []block
}

// block is one thing in a section; only one of its lists is filled.
type block struct {
	Head        string
	Lead        string
	Cards       []card
	Figures     []figure
	Wide        bool // figures take the whole width
	Folded      bool // figures are folded away on the screen and left out in print
	Table       *table
	Groups      []severityGroup
	Definitions []definition
	Notes       []string
	Empty       string // instead of what is not there
}

// section adds a part, with its number in front of the title.
func (d *document) section(id, title, lead string, blocks ...block) {
	d.Sections = append(d.Sections, section{ID: id, Title: d.say("report.numbered", "number", d.ordinal(len(d.Sections)+1), "title", d.say(title)), Lead: lead, Blocks: blocks})
}

// ordinal writes the number of a section: 一, 1.
func (w words) ordinal(n int) string {
	if !w.chinese() {
		return fmt.Sprint(n)
	}
	digits := []string{"", "一", "二", "三", "四", "五", "六", "七", "八", "九"}
	switch {
	case n < 10:
		return digits[n]
	case n < 20:
		return "十" + digits[n-10]
	}
	return digits[n/10] + "十" + digits[n%10]
}

// tableBlock shows a table, or a sentence instead of an empty one.
func (w words) tableBlock(head string, t table) block {
	b := block{Head: head, Table: &t}
	if len(t.Rows) == 0 {
		b.Table, b.Empty = nil, w.say("report.no_data")
	}
	return b
}

// newDocument puts the words to a situation report or a township's letter.
func newDocument(w words, s *Situation) *document {
	d := &document{head: newHead(w, s.Masthead, s.Today, s.Snapshot), Kind: s.Kind, Contents: s.Kind != KindTownship}
	city := cmp.Or(w.in(s.City), w.say("report.city"))
	d.Title = w.say("report.title."+string(s.Kind), "city", city, "area", w.place(s.Area.Name))
	d.Issue = w.issueOf(s)
	d.Dates = w.say("report.period_dates", "from", w.date(s.Period.Start), "to", w.date(s.Period.End))
	d.SummaryHead, d.Summary = w.say("report.summary_points"), w.summaryOf(s)
	if s.Kind == KindTownship {
		d.letter(s)
	} else {
		d.situation(s)
	}
	if len(s.Revision.Changes) > 0 {
		d.section("revision", "report.section_revision", w.say("report.revision_lead", "n", w.count(s.Revision.Total), "number", s.Revision.Number), w.tableBlock("", w.changeTable(s.Revision.Changes)))
	}
	d.definitions(s)
	return d
}

// issueOf names the issue of a report: 2026年第3季度, a revised one with its number.
func (w words) issueOf(s *Situation) string {
	issue := w.periodTitle(s.Period)
	if s.Revision.Number > 1 {
		issue = w.say("report.issue_revised", "issue", issue, "number", s.Revision.Number)
	}
	return issue
}

// periodTitle writes a period as a title has it: 2026年第3季度, third quarter of 2026.
func (w words) periodTitle(p period.Period) string {
	year := p.Start.Year()
	switch p.Kind {
	case period.Quarter:
		return w.say("report.title_quarter", "year", year, "quarter", (int(p.Start.Month())+2)/3)
	case period.Month:
		month := fmt.Sprint(int(p.Start.Month()))
		if !w.chinese() {
			month = p.Start.Month().String()
		}
		return w.say("report.title_month", "year", year, "month", month)
	}
	return w.say("report.title_year", "year", year)
}

// situation lays out a monthly, quarterly or annual report.
func (d *document) situation(s *Situation) {
	cases := block{Figures: []figure{d.casesFigure("cases-year", "report.figure_cases_year", s.CasesByYear)}}
	if len(s.CasesByStep) > 1 && s.Period.Kind != period.Year {
		cases.Figures = append(cases.Figures, d.casesFigure("cases-step", "report.figure_cases_"+s.Period.Kind.String(), s.CasesByStep))
	}
	cases.Figures = append(cases.Figures, d.shareFigure("short-exposure", s.ShortDust))
	d.section("cases", "report.head_cases", "", cases)

	d.targets(s)

	over := []block{d.tableBlock("", d.surveillanceTable(s, "report.table_over", true))}
	if len(s.Exposure) > 0 {
		over = append(over, block{Figures: []figure{d.exposureFigure(s.Exposure)}, Wide: true})
	}
	if s.Dose != nil {
		over = append(over, block{Figures: []figure{d.doseFigure(*s.Dose)}, Wide: true})
	}
	d.section("exposure", "report.head_exposure", d.say("report.exposure_lead"), over...)

	d.warned(s)
	d.compared(s)

	if len(s.Funnel) > 0 {
		d.section("patients", "report.head_patients", d.say("report.patients_lead"), block{Figures: []figure{d.funnelFigure(s.Funnel)}, Wide: true},
			d.tableBlock(d.say("report.waits"), d.waitTable(s.Waits)))
	}
	d.section("surveillance", "report.head_surveillance", d.say("report.surveillance_lead", "than", d.yearAgo(s)),
		d.tableBlock("", d.surveillanceTable(s, "report.table_surveillance", false)))
}

// targets shows the nine readings, their course and where they will stand at the end of the year.
func (d *document) targets(s *Situation) {
	cards, t := d.cards(s.Readings)
	blocks := []block{{Cards: cards}, {Figures: []figure{{ID: "readings", Title: d.say("report.readings_table"), Table: t}}, Folded: true}}
	if len(cards) == 0 {
		blocks = []block{{Empty: d.say("report.no_data")}}
	}
	if len(s.Projections) > 0 {
		blocks = append(blocks, block{Head: d.say("report.projection_head", "year", s.Period.Start.Year()), Figures: []figure{d.projectionFigure(s.Projections)}, Wide: true})
	}
	trends := block{Head: d.say("report.trends_head")}
	for _, r := range s.Readings {
		if r.Unit == "share" && r.Target != nil && len(r.Steps) > 1 {
			trends.Figures = append(trends.Figures, d.trendFigure(r))
		}
	}
	if len(trends.Figures) > 0 {
		blocks = append(blocks, trends)
	}
	d.section("targets", "report.head_targets", d.say("report.targets_lead", "period", d.periodTitle(s.Period)), blocks...)
}

// warned shows the warnings by severity and state, by who has to act, and the most important ones.
func (d *document) warned(s *Situation) {
	fresh, open := tally(s.Warnings)
	if fresh.total()+open.total() == 0 {
		d.section("warnings", "report.head_warnings", "", block{Empty: d.say("report.action_none", "this", d.this(s))})
		return
	}
	if s.Least > 0 {
		d.section("warnings", "report.head_warnings", "", block{Empty: d.say("report.public_warnings")})
		return
	}
	blocks := []block{d.tableBlock("", d.stateTable(s)), {Groups: d.groups(s.Warnings, s.Rules, s.Today)}}
	if s.Kind != KindTownship {
		blocks = append(blocks, d.tableBlock(d.say("report.addressees"), d.addressees(s.Warnings, s.Today)))
	}
	d.section("warnings", "report.head_warnings", d.say("report.warnings_period_lead"), blocks...)
}

// compared sets the townships beside each other.
func (d *document) compared(s *Situation) {
	if len(s.Places) == 0 {
		d.section("places", "report.head_places", "", block{Empty: d.say("report.no_data")})
		return
	}
	blocks := []block{d.tableBlock("", d.heatTable(s))}
	for i, r := range s.Rankings {
		f := d.rankingFigure("ranking-"+strings.ToLower(r.Indicator), r)
		if note := d.overlap(r); note != "" {
			f.Notes = append(f.Notes, note)
		}
		if i > 0 {
			f.Option = ""
		}
		blocks = append(blocks, block{Figures: []figure{f}, Wide: i == 0, Folded: i > 0})
	}
	d.section("places", "report.head_places", d.say("report.heat_lead"), blocks...)
}

// letter lays out the letter to a township.
func (d *document) letter(s *Situation) {
	cards, t := d.cards(s.Readings)
	at := slices.IndexFunc(s.Places, func(p Standpoint) bool { return p.Code == s.Area.Code })
	for i := range cards {
		if at < 0 {
			break
		}
		k := slices.IndexFunc(s.Places[at].Readings, func(x PlaceReading) bool { return x.Indicator == cards[i].Indicator })
		if k >= 0 && s.Places[at].Readings[k].Rank > 0 {
			x := s.Places[at].Readings[k]
			cards[i].Rank = d.say("report.card_rank", "rank", d.count(x.Rank), "of", d.count(x.Of))
		}
	}
	blocks := []block{{Cards: cards}, {Figures: []figure{{ID: "readings", Title: d.say("report.readings_table"), Table: t}}, Folded: true}}
	if len(cards) == 0 {
		blocks = []block{{Empty: d.say("report.no_data")}}
	}
	if len(s.Projections) > 0 {
		blocks = append(blocks, block{Head: d.say("report.projection_head", "year", s.Period.Start.Year()), Figures: []figure{d.projectionFigure(s.Projections)}, Wide: true})
	}
	d.section("targets", "report.head_targets", d.say("report.targets_lead", "period", d.periodTitle(s.Period)), blocks...)
	if s.Least == 0 {
		gaps := []block{}
		for _, g := range s.Gaps {
			gaps = append(gaps, d.gapBlock(g))
		}
		if len(gaps) == 0 {
			gaps = append(gaps, block{Empty: d.say("report.gaps_none")})
		}
		d.section("gaps", "report.head_gaps", d.say("report.gaps_lead"), gaps...)
	}
	d.warned(s)
}

// definitions ends the report: what the readings mean and how the words are meant.
func (d *document) definitions(s *Situation) {
	b := block{}
	for _, r := range s.Readings {
		one := definition{
			Title: r.Indicator + " " + d.in(r.Title), Unverified: slices.Contains(unverified, r.Indicator), Text: d.in(r.Meaning),
			Version: d.say("report.definition_version", "variant", r.Variant, "version", r.Version),
		}
		if r.Clause != "" {
			one.Clause = d.say("report.clause_line", "clause", r.Clause)
		}
		b.Definitions = append(b.Definitions, one)
	}
	notes := []string{"interval", "small", "shift", "break", "unverified", "people"}
	if len(s.Projections) > 0 {
		notes = append(notes, "projection")
	}
	for _, note := range notes {
		b.Notes = append(b.Notes, d.say("report.definition_note_"+note))
	}
	if s.Least > 0 {
		b.Notes = append(b.Notes, d.say("report.hidden_note", "n", s.Least-1))
	}
	d.section("definitions", "report.head_definitions", "", b)
}

// document lays the bulletin out for the forms that are not a page.
func (p *page) document() *document {
	d := &document{head: p.head, Kind: KindWeekly}
	add := func(title, lead string, blocks ...block) {
		d.Sections = append(d.Sections, section{Title: p.Say(title), Lead: lead, Blocks: blocks})
	}
	add("section_warnings", p.WarningLead, block{Groups: p.Severities}, p.tableBlock(p.Say("addressees"), p.Addressees))
	add("section_readings", p.ReadingLead, p.tableBlock("", p.ReadingTable))
	add("section_trends", p.WatchNote, block{Figures: append(slices.Clone(p.Trends), p.Watch...)})
	ranking := block{Empty: p.Say("ranking_none")}
	if p.Ranking != nil {
		ranking = block{Figures: append([]figure{*p.Ranking}, p.OtherRanks...)}
	}
	add("section_ranking", p.Say("ranking_lead"), ranking)
	quality := []block{p.tableBlock(p.Arrived, p.Arrivals)}
	for _, t := range []table{p.Streams, p.Standings, p.Missing, p.Rejects, p.Unmatched} {
		if len(t.Rows) > 0 {
			quality = append(quality, p.tableBlock(t.Caption, t))
		}
	}
	if len(p.Changes) > 0 {
		quality = append(quality, block{Head: p.Say("changes"), Notes: p.Changes})
	}
	add("section_quality", "", quality...)
	add("section_definitions", "", block{Definitions: p.Definitions, Notes: p.Notes})
	return d
}
