package transform

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// BacktestSchema names the form of a Backtest.
const BacktestSchema = "ohwatch-backtest/1"

// Backtest is what a back-test found, as it is kept, printed and shown.
type Backtest struct {
	Schema   string            `json:"schema"`
	Run      uint64            `json:"run"` // its number, 0 while it is not kept
	At       string            `json:"at"`  // RFC 3339, UTC
	By       string            `json:"by"`
	City     string            `json:"city"`
	From     string            `json:"from"` // ISO weeks
	To       string            `json:"to"`
	Weeks    int               `json:"weeks"`
	Known    string            `json:"known"`           // how it was taken when a batch became known: auto, arrival or documents
	History  uint64            `json:"history_batches"` // batches that were taken as known when they are dated
	Truth    bool              `json:"truth"`           // whether it is known what is to be found
	Complete bool              `json:"complete"`        // whether every rule worked
	Broken   []string          `json:"broken"`          // rules that did not, with file and line
	LeftOut  []string          `json:"left_out"`        // rules that cannot be replayed: they read stored values
	Set      []Replacement     `json:"set"`
	Settings []BacktestSetting `json:"settings"` // the rules as configured, and with replacements
	Seconds  float64           `json:"seconds"`
}

// BacktestSetting is what one choice of parameters would have raised.
type BacktestSetting struct {
	Name     string          `json:"name"`  // configured or set
	Total    BacktestCount   `json:"total"` // of all rules
	LastYear BacktestCount   `json:"last_year"`
	YearFrom string          `json:"year_from"` // the last 52 weeks, or all when they are fewer
	Rules    []BacktestRule  `json:"rules"`
	Workload []BacktestWork  `json:"workload"`
	Planted  []BacktestFound `json:"planted"`
	Kinds    []BacktestKind  `json:"kinds"` // what became of the planted events, by kind

	Warnings []BacktestWarning `json:"-"` // each warning of the setting
}

// BacktestCount counts warnings that were raised.
type BacktestCount struct {
	New      int `json:"new"`
	Reopened int `json:"reopened"`
	Red      int `json:"red"` // severities when raised, new and reopened together
	Orange   int `json:"orange"`
	Yellow   int `json:"yellow"`
	Blue     int `json:"blue"`
}

func (c *BacktestCount) add(again bool, severity Severity) {
	if again {
		c.Reopened++
	} else {
		c.New++
	}
	switch severity {
	case Red:
		c.Red++
	case Orange:
		c.Orange++
	case Yellow:
		c.Yellow++
	case Blue:
		c.Blue++
	}
}

// Raised is how many warnings were raised, new and reopened.
func (c BacktestCount) Raised() int { return c.New + c.Reopened }

// BacktestRule is what one rule would have raised. The fields about what was planted are nil where that is not known, or
// where nothing was planted for the rule in these weeks.
type BacktestRule struct {
	Rule      string `json:"rule"`
	Version   string `json:"version"`
	Title     string `json:"title"`
	TitleEn   string `json:"title_en"`
	Detector  bool   `json:"detector"` // statistical: what it raises beside the planted is a false alarm, not a fact nobody planted
	IsChanged bool   `json:"changed"`  // by the replacements
	Standing  int    `json:"standing"` // seen the week before the first
	BacktestCount
	OpenMean    float64  `json:"open_mean"` // open at the end of a week
	OpenMax     int      `json:"open_max"`
	Planted     *int     `json:"planted"`
	Found       *int     `json:"found"`
	Missed      *int     `json:"missed"`
	True        *int     `json:"true"`  // raised and planted
	False       *int     `json:"false"` // raised and not planted
	Sensitivity *float64 `json:"sensitivity"`
	PPV         *float64 `json:"ppv"`
	DelayMedian *float64 `json:"delay_median"` // days from the first week planted to the week in which it was found, of those found
	DelayQ1     *float64 `json:"delay_q1"`
	DelayQ3     *float64 `json:"delay_q3"`
}

// IsSilent reports whether the rule saw nothing, and nothing was planted for it.
func (r BacktestRule) IsSilent() bool { return r.Raised() == 0 && r.Standing == 0 && r.Planted == nil }

// BacktestWork is what one addressee would have had to work off. Townships are one each, TS-410184101; employers and
// institutions are all of them together.
type BacktestWork struct {
	Addressee string  `json:"addressee"`
	OpenMean  float64 `json:"open_mean"` // open at the end of a week
	OpenMax   int     `json:"open_max"`
	Raised    int     `json:"raised"`
	RedMonth  float64 `json:"red_month"` // red ones raised in a month, on average
	RedMax    int     `json:"red_max"`
	Orange    float64 `json:"orange_month"`
	OrangeMax int     `json:"orange_max"`
	Over      int     `json:"months_over"` // months with more red or more orange ones than the budget
	Months    int     `json:"months"`
}

// BacktestWarning is one warning of a setting.
type BacktestWarning struct {
	Rule, Version, ID, Object, ObjectName, Area, Severity string
	First                                                 string // week in which it was raised first
	Weeks                                                 string // in which it was seen: 2024-W03–2024-W07;2024-W30
	Raised                                                int    // times
	Planted                                               string // what it found, empty when it is not known or nothing
}

// work counts an open warning for those who have to act.
func (r *replay) work(rule, at int, l *life) {
	if r.workload == nil {
		r.workload = make([]map[string][]int, len(r.rules))
	}
	if r.workload[rule] == nil {
		r.workload[rule] = map[string][]int{}
	}
	for _, a := range l.addresses() {
		weeks := r.workload[rule][a]
		for len(weeks) <= at {
			weeks = append(weeks, 0)
		}
		weeks[at]++
		r.workload[rule][a] = weeks
	}
}

// report counts what was replayed.
func (r *replay) report(b *Backtest) {
	b.Weeks = len(r.open) - 1
	b.Complete, b.Truth = len(b.Broken) == 0, r.request.Planted != nil
	if b.Broken == nil {
		b.Broken = []string{}
	}
	if b.LeftOut == nil {
		b.LeftOut = []string{}
	}
	if b.Set == nil {
		b.Set = []Replacement{}
	}
	var configured, set []int
	for i, rule := range r.rules[:r.configured] {
		configured = append(configured, i)
		other := slices.IndexFunc(r.rules[r.configured:], func(c Rule) bool { return c.ID == rule.ID })
		if other >= 0 {
			i = r.configured + other
		}
		set = append(set, i)
	}
	b.Settings = append(b.Settings, r.setting("configured", configured))
	if len(b.Set) > 0 {
		b.Settings = append(b.Settings, r.setting("set", set))
	}
}

// setting counts what the rules at some positions raised.
func (r *replay) setting(name string, positions []int) BacktestSetting {
	weeks := len(r.open) - 1
	yearFrom := max(weeks-51, 1)
	s := BacktestSetting{Name: name, YearFrom: r.week(yearFrom).String(), Planted: []BacktestFound{}, Kinds: []BacktestKind{}, Warnings: []BacktestWarning{}, Workload: []BacktestWork{}}
	months := map[string]map[string]*[2]int{} // of each addressee and month the red and orange ones
	raised := map[string]int{}
	for _, p := range positions {
		if r.failed[p] != nil {
			continue
		}
		rule := r.rules[p]
		line := BacktestRule{
			Rule: rule.ID, Version: rule.Version, Title: rule.Title.Zh, TitleEn: rule.Title.En, Detector: rule.Detector != "", IsChanged: p >= r.configured,
		}
		for _, l := range sorted(r.lives[p]) {
			for k, one := range l.raised {
				if one.at == 0 {
					line.Standing++
					continue
				}
				line.add(k > 0, one.severity)
				s.Total.add(k > 0, one.severity)
				if one.at >= yearFrom {
					s.LastYear.add(k > 0, one.severity)
				}
				for _, a := range l.addresses() {
					raised[a]++
					r.countMonth(months, a, one)
				}
			}
			s.Warnings = append(s.Warnings, BacktestWarning{
				Rule: rule.ID, Version: rule.Version, ID: l.id, Object: l.Object, ObjectName: l.ObjectName, Area: l.Area, Severity: l.Severity,
				First: r.week(l.raised[0].at).String(), Weeks: r.spans(l.seen), Raised: len(l.raised), Planted: strings.Join(r.plantedIn(l), ";"),
			})
		}
		sum := 0
		for _, open := range r.open[1:] {
			sum += open[p]
			line.OpenMax = max(line.OpenMax, open[p])
		}
		line.OpenMean = float64(sum) / float64(max(weeks, 1))
		s.Rules = append(s.Rules, line)
	}
	s.Workload = r.worked(positions, months, raised)
	if r.request.Planted != nil {
		r.judge(&s, positions)
	}
	return s
}

func (r *replay) countMonth(months map[string]map[string]*[2]int, address string, one raisedLife) {
	if one.severity != Red && one.severity != Orange {
		return
	}
	if months[address] == nil {
		months[address] = map[string]*[2]int{}
	}
	month := r.month(one.at)
	if months[address][month] == nil {
		months[address][month] = &[2]int{}
	}
	if one.severity == Red {
		months[address][month][0]++
	} else {
		months[address][month][1]++
	}
}

// month is the month in which the warnings of a week go out, on the Monday behind it.
func (r *replay) month(at int) string { return r.week(at).End.AddDate(0, 0, 1).Format("2006-01") }

// worked is the work of each addressee, those with the most open warnings first.
func (r *replay) worked(positions []int, months map[string]map[string]*[2]int, raised map[string]int) []BacktestWork {
	weeks := len(r.open) - 1
	open := map[string][]int{}
	for _, p := range positions {
		if r.workload == nil || r.failed[p] != nil {
			continue
		}
		for a, counts := range r.workload[p] {
			if open[a] == nil {
				open[a] = make([]int, weeks+1)
			}
			for at, n := range counts {
				open[a][at] += n
			}
		}
	}
	all := map[string]bool{}
	for at := 1; at <= weeks; at++ {
		all[r.month(at)] = true
	}
	work := []BacktestWork{}
	for _, a := range slices.Sorted(maps.Keys(open)) {
		w := BacktestWork{Addressee: a, Raised: raised[a], Months: len(all)}
		sum := 0
		for _, n := range open[a][1:] {
			sum += n
			w.OpenMax = max(w.OpenMax, n)
		}
		w.OpenMean = float64(sum) / float64(max(weeks, 1))
		for _, n := range months[a] {
			w.RedMonth += float64(n[0]) / float64(len(all))
			w.Orange += float64(n[1]) / float64(len(all))
			w.RedMax, w.OrangeMax = max(w.RedMax, n[0]), max(w.OrangeMax, n[1])
			if budget := r.opt.budgetOf(office(a)); beyond(n[0], budget.Red) || beyond(n[1], budget.Orange) {
				w.Over++
			}
		}
		work = append(work, w)
	}
	slices.SortStableFunc(work, func(a, b BacktestWork) int { return cmp.Compare(b.OpenMean, a.OpenMean) })
	return work
}

// beyond reports whether a number is above a budget, which may have no limit.
func beyond(n, budget int) bool { return budget != NoLimit && n > budget }

// office is the code of an address: that of a township is TS.
func office(address string) string {
	code, _, _ := strings.Cut(address, "-")
	return code
}
