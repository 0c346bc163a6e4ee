package simulate

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
)

// hazard is one factor of the national catalogue with what the city needs to know about it.
type hazard struct {
	id       string // HZ-3-001
	name     string // as in the catalogue
	aliases  []string
	hasLimit bool // has an exposure limit and so can be tested and judged
	cycles   []cycle
	later    []laterDuty
}

// laterDuty is how long somebody who has left a post with the hazard is followed (GBZ 188-2025, annex C).
type laterDuty struct {
	above, band int // months of exposure: due above the one, the shorter time up to the other
	short, long int // years of follow-up
	interval    int // months between examinations
}

// cycle is the in-service examination duty of a hazard in a span of dates, both ends included; to 0 is open.
type cycle struct {
	from, to  day
	mandatory bool
	months    int
}

// mandatoryOn returns the in-service cycle in months when the examination is mandatory on d.
func (h *hazard) mandatoryOn(d day) (months int, mandatory bool) {
	for _, c := range h.cycles {
		if c.from <= d && (c.to == 0 || d <= c.to) && c.mandatory {
			return c.months, true
		}
	}
	return 0, false
}

// alwaysMandatory reports whether both editions of GBZ 188 demand in-service examinations.
func (h *hazard) alwaysMandatory() bool {
	_, before := h.mandatoryOn(dayOf(2020, 1, 1))
	_, after := h.mandatoryOn(dayOf(2027, 1, 1))
	return before && after
}

// reference holds the code lists.
type reference struct {
	hazards   map[string]*hazard
	townships []township
	diseases  map[string]disease // by Chinese name
	keys      map[string]bool    // industry prefixes of the key industries
	risk      map[string]string  // industry prefix -> 严重, 一般 or other
	industry  map[string]string  // division or section -> Chinese name
}

type township struct{ code, name string }

type disease struct {
	id, category   string
	pneumoconiosis bool
}

func readReference(fsys fs.FS) (*reference, error) {
	ref := &reference{
		hazards: map[string]*hazard{}, diseases: map[string]disease{}, keys: map[string]bool{},
		risk: map[string]string{}, industry: map[string]string{},
	}
	var firstErr error
	each := func(file string, row func(get func(string) string)) {
		if firstErr == nil {
			firstErr = eachRow(fsys, file, row)
		}
	}
	each("hazards.csv", func(get func(string) string) {
		ref.hazards[get("internal_id")] = &hazard{id: get("internal_id"), name: get("name_zh")}
	})
	each("hazard_aliases.csv", func(get func(string) string) {
		h := ref.hazards[get("hazard_internal_id")]
		a := get("alias_zh")
		// group words and words with a separator inside stay out: senders of this city know better
		if h == nil || strings.HasPrefix(get("note"), "group") || strings.ContainsAny(a, ",，、() ") || strings.HasPrefix(get("note"), "default only") {
			return
		}
		h.aliases = append(h.aliases, a)
	})
	each("hazard_limit.csv", func(get func(string) string) {
		if h := ref.hazards[get("hazard_id")]; h != nil {
			h.hasLimit = true
		}
	})
	each("hazard_cycle.csv", func(get func(string) string) {
		h := ref.hazards[get("hazard_id")]
		if h == nil {
			return
		}
		months, err := strconv.Atoi(get("months"))
		if err != nil {
			return
		}
		h.cycles = append(h.cycles, cycle{
			from: parseDay(get("valid_from")), to: parseDay(get("valid_to")),
			mandatory: get("mandatory") == "yes", months: months,
		})
	})
	each("hazard_followup.csv", func(get func(string) string) {
		if h := ref.hazards[get("hazard_id")]; h != nil {
			number := func(column string) int { n, _ := strconv.Atoi(get(column)); return n }
			h.later = append(h.later, laterDuty{number("above_months"), number("band_months"), number("years_1"), number("years_2"), number("interval_months")})
		}
	})
	each("townships.csv", func(get func(string) string) {
		if get("in_xinzheng") == "yes" {
			ref.townships = append(ref.townships, township{get("code9"), get("name_zh")})
		}
	})
	each("diseases.csv", func(get func(string) string) {
		ref.diseases[get("name_zh")] = disease{get("internal_id"), get("category_zh"), get("group") == "pneumoconiosis"}
	})
	each("key_industry.csv", func(get func(string) string) { ref.keys[get("prefix")] = true })
	each("hazard_risk_by_industry.csv", func(get func(string) string) {
		ref.risk[get("gbt4754_code")] = get("risk_class_zh")
	})
	each("industries.csv", func(get func(string) string) { ref.industry[get("code")] = get("name_zh") })
	if firstErr != nil {
		return nil, firstErr
	}
	slices.SortFunc(ref.townships, func(a, b township) int { return strings.Compare(a.code, b.code) })
	return ref, nil
}

// key reports whether an industry code such as C3484 belongs to a key industry.
func (ref *reference) key(industry string) bool {
	for n := len(industry); n > 0; n-- {
		if ref.keys[industry[:n]] {
			return true
		}
	}
	return false
}

// severe reports whether the industry has the risk class 严重 by the longest known prefix.
func (ref *reference) severe(industry string) bool {
	for n := len(industry); n > 0; n-- {
		if class, ok := ref.risk[industry[:n]]; ok {
			return class == "严重"
		}
	}
	return false
}

func (ref *reference) hazard(id string) (*hazard, error) {
	h := ref.hazards[id]
	if h == nil {
		return nil, fmt.Errorf("hazard %s is not in the catalogue", id)
	}
	return h, nil
}

func parseDay(s string) day {
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		return 0
	}
	return dayFrom(t)
}

// eachRow calls row for each record of a code list, with a getter by column name.
func eachRow(fsys fs.FS, file string, row func(get func(string) string)) error {
	f, err := fsys.Open(file)
	if err != nil {
		return fmt.Errorf("read code list: %w", err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	records, err := r.ReadAll()
	if err != nil {
		return fmt.Errorf("read code list %s: %w", file, err)
	}
	column := map[string]int{}
	for i, name := range records[0] {
		column[name] = i
	}
	for _, rec := range records[1:] {
		row(func(name string) string {
			i, ok := column[name]
			if !ok || i >= len(rec) {
				return ""
			}
			return rec[i]
		})
	}
	return nil
}
