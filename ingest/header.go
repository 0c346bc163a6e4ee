package ingest

import (
	"slices"
	"strings"
	"unicode"
)

// headerRows is how far down a sheet its header row is looked for.
const headerRows = 20

// heading is the form in which headings are compared: folded, without asterisks and marks at the end.
func heading(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '*', '＊', '\n', '\r', '"', '“', '”':
			return -1
		}
		return r
	}, s)
	return strings.TrimRight(fold(s), ":;,.。、")
}

// bare is a heading without what stands in brackets, such as a unit.
func bare(key string) string {
	var b strings.Builder
	depth := 0
	for _, r := range key {
		switch r {
		case '(', '[', '【':
			depth++
			continue
		case ')', ']', '】':
			depth = max(0, depth-1)
			continue
		}
		if depth == 0 {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// ignoredHeading reports headings that are known and carry nothing.
func ignoredHeading(key string) bool {
	return strings.HasPrefix(key, returnMark) || slices.Contains([]string{"", "序号", "备注", "说明", "no", "no.", "编号序号"}, key)
}

// headings finds fields by the senders' headings.
type headings map[string]int

// folded remembers the compared forms of cells, which every contract and pair of rows asks for.
type folded map[string][2]string

// forms returns the compared form of a heading, with and without what stands in brackets.
func (f folded) forms(text string) (key, short string) {
	if known, ok := f[text]; ok {
		return known[0], known[1]
	}
	key = heading(text)
	short = bare(key)
	f[text] = [2]string{key, short}
	return key, short
}

func (c *Contract) headings() headings {
	h := make(headings, 4*len(c.Fields))
	for i, f := range c.Fields {
		for _, name := range append([]string{f.Name}, f.Headers...) {
			h[heading(name)] = i
		}
	}
	for i, f := range c.Fields {
		for _, name := range f.Headers {
			if key := bare(heading(name)); key != "" {
				if _, taken := h[key]; !taken {
					h[key] = i
				}
			}
		}
	}
	return h
}

func (f folded) key(text string) string {
	key, _ := f.forms(text)
	return key
}

// field returns the index of the field that a heading names, -1 when it names none.
func (h headings) field(text string, cells folded) int {
	key, short := cells.forms(text)
	if i, ok := h[key]; ok {
		return i
	}
	if suffix := serviceUnit(key); suffix != "" { // 接害工龄（月） is another field than 接害工龄（年）
		if i, ok := h[short+suffix]; ok && short != "" {
			return i
		}
	}
	if i, ok := h[short]; ok && short != "" {
		return i
	}
	return -1
}

// bracketed is what stands in the last brackets of a heading, such as its unit.
func bracketed(key string) string {
	open := strings.LastIndexAny(key, "([")
	if open < 0 {
		return ""
	}
	inside := key[open+1:]
	if end := strings.IndexAny(inside, ")]"); end >= 0 {
		inside = inside[:end]
	}
	return inside
}

// serviceUnit is how the field of a length of service ends whose heading names its unit in brackets.
func serviceUnit(key string) string {
	switch bracketed(key) {
	case "年", "年数", "周年":
		return "年数"
	case "月", "个月", "月数":
		return "月数"
	}
	return ""
}

// header is where the header of a sheet was found and what it says.
type header struct {
	first   int      // index of its first row among the rows looked at
	rows    int      // 1, or 2 for a header in two lines
	names   []string // the sender's heading of each column
	columns []int    // column of each field of the contract, -1 when the file has none
	unknown []string // headings that name no field
	matched int      // columns that name a field
	score   float64  // how well the header fits the contract
}

// findHeader looks for the header of the contract among the first rows of a sheet; ok is false when there is
// none that fits.
func (c *Contract) findHeader(rows [][]string, cells folded) (best header, ok bool) {
	for i := range rows {
		if h := c.readHeader(cells, rows[i], nil); h.score > best.score {
			best, best.first, best.rows = h, i, 1
		}
	}
	for i := 1; i < len(rows); i++ {
		if h := c.readHeader(cells, rows[i], rows[i-1]); h.matched > best.matched {
			best, best.first, best.rows = h, i-1, 2
		}
	}
	return best, best.matched >= 3 && best.score > 0
}

// readHeader reads one header row; above is the row over it when the header has two lines. In a header of
// merged cells, a blank upper cell belongs to the group to its left and a blank lower cell to the cell over it.
func (c *Contract) readHeader(cells folded, row, above []string) header {
	width := max(len(row), len(above))
	h := header{columns: make([]int, len(c.Fields)), names: make([]string, width)}
	for i := range h.columns {
		h.columns[i] = -1
	}
	group := ""
	for i := range width {
		lower, upper := cellAt(row, i), cellAt(above, i)
		if upper != "" {
			group = upper
		}
		candidates := []string{lower}
		name := lower
		if above != nil {
			switch {
			case lower == "":
				candidates, name = []string{upper}, upper
			case group != "":
				candidates = []string{group + lower, group + strings.TrimSuffix(lower, "数") + "数", lower, lower + group}
			}
		}
		h.names[i] = strings.Join(strings.Fields(name), " ")
		if name == "" {
			continue
		}
		field := -1
		for _, text := range candidates {
			if field = c.known.field(text, cells); field >= 0 {
				break
			}
		}
		switch {
		case field >= 0 && h.columns[field] < 0:
			h.columns[field] = i
			h.matched++
		case field < 0 && ignoredHeading(cells.key(name)):
		default:
			h.unknown = append(h.unknown, h.names[i])
		}
	}
	h.score = float64(h.matched)
	for i, f := range c.Fields {
		if f.Required == "Y" && h.columns[i] < 0 {
			h.score -= 0.75
		}
	}
	h.score -= 0.1 * float64(len(h.unknown))
	return h
}

func cellAt(row []string, i int) string {
	if i < len(row) {
		return strings.TrimFunc(row[i], unicode.IsSpace)
	}
	return ""
}

// recognise returns the contract whose header fits rows best. The code of the refusal is empty on success.
func recognise(contracts []*Contract, rows [][]string) (*Contract, header, string) {
	var best, second *Contract
	var found, next header
	cells := folded{}
	for _, c := range contracts {
		h, ok := c.findHeader(rows, cells)
		switch {
		case !ok:
		case best == nil || h.score > found.score:
			second, next = best, found
			best, found = c, h
		case second == nil || h.score > next.score:
			second, next = c, h
		}
	}
	switch {
	case best == nil:
		return nil, header{}, "no_header"
	case second != nil && found.score-next.score < 0.5:
		return nil, header{}, "ambiguous_stream"
	}
	return best, found, ""
}
