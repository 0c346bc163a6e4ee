package ingest

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"
	"github.com/google/uuid"

	"ohwatch/warehouse"
)

// builder gathers the values of one column of the warehouse for one record of rows.
type builder interface {
	add(v *value)
	keep(rows []bool)               // drops the rows that are not marked
	pick(rows []bool) builder       // a column of the marked rows alone, to which nothing is added
	native() warehouse.NativeColumn // everything, in the form in which it is sent
	sum(v *value) uint64            // a hash of what is stored of a value, never 0
}

// newBuilder returns the builder for a column of the given ClickHouse type with room for rows. words number its
// texts when they repeat; they belong to the goroutine that adds values.
func newBuilder(typ string, words *words, rows int) (builder, error) {
	nullable := false
	if inner, ok := strings.CutPrefix(typ, "Nullable("); ok {
		typ, nullable = strings.TrimSuffix(inner, ")"), true
	}
	switch typ {
	case "LowCardinality(String)":
		words = words.open()
		return &codeColumn{words: words, dict: words.dict, places: make([]uint32, 0, rows)}, nil
	case "String":
		return &textColumn{data: make([]byte, 0, 16*rows), ends: make(spans, 0, rows)}, nil
	case "Array(LowCardinality(String))":
		words = words.open()
		return &codesColumn{words: words, dict: words.dict, ends: make(spans, 0, rows), places: make([]uint32, 0, rows)}, nil
	case "Array(String)":
		return &textsColumn{ends: make(spans, 0, rows), bytes: make(spans, 0, rows)}, nil
	case "Array(UUID)":
		return &idsColumn{ends: make(spans, 0, rows)}, nil
	case "UUID":
		return &idColumn{values: make([]uuid.UUID, 0, rows), nulls: newNulls(nullable, rows)}, nil
	case "Date32":
		return &dateColumn{values: make([]int32, 0, rows), nulls: newNulls(nullable, rows)}, nil
	case "Bool":
		return newNumbers(isTrue, nullable, rows), nil
	case "UInt8":
		return newNumbers(whole[uint8], nullable, rows), nil
	case "UInt16":
		return newNumbers(whole[uint16], nullable, rows), nil
	case "UInt32":
		return newNumbers(whole[uint32], nullable, rows), nil
	case "Float64":
		return newNumbers(asIs, nullable, rows), nil
	}
	return nil, fmt.Errorf("no way to fill a column of type %s", typ)
}

func isTrue(f float64) uint8 {
	if f != 0 {
		return 1
	}
	return 0
}

func asIs(f float64) float64 { return f }

func whole[T uint8 | uint16 | uint32](f float64) T { return T(math.Max(0, math.Round(f))) }

// kept drops the elements that are not marked.
func kept[T any](s []T, rows []bool) []T {
	n := 0
	for i, keep := range rows {
		if keep {
			s[n] = s[i]
			n++
		}
	}
	return s[:n]
}

// picked is a copy of the elements that are marked.
func picked[T any](s []T, rows []bool) []T {
	var of []T
	for i, pick := range rows {
		if pick {
			of = append(of, s[i])
		}
	}
	return of
}

// codeColumn holds texts that repeat.
type codeColumn struct {
	words  *words // only while rows are added
	dict   *dict
	places []uint32
}

func (c *codeColumn) add(v *value) {
	switch {
	case v.text == "":
		c.places = append(c.places, 0)
	case !v.lasts:
		c.places = append(c.places, c.words.place(v.text, v.kept))
	default:
		if v.number == 0 || v.words != c.words.edition {
			v.number, v.words = c.words.number(v.text)+1, c.words.edition
		}
		c.places = append(c.places, c.words.use(v.number-1))
	}
}

func (c *codeColumn) keep(rows []bool) { c.places = kept(c.places, rows) }
func (c *codeColumn) pick(rows []bool) builder {
	return &codeColumn{dict: c.dict, places: picked(c.places, rows)}
}

func (c *codeColumn) native() warehouse.NativeColumn {
	return warehouse.NativeColumn{Bytes: warehouse.Dictionary(c.dict.texts, c.places)}
}
func (c *codeColumn) sum(v *value) uint64 { return sumText(v.text) }

// textColumn holds texts that do not repeat, as they are sent: each with its length before it.
type textColumn struct {
	data []byte
	ends spans
}

func (c *textColumn) add(v *value) {
	c.data = appendText(c.data, v.text)
	c.ends = append(c.ends, uint32(len(c.data)))
}

func (c *textColumn) keep(rows []bool) { c.ends, c.data = keepLists(c.ends, c.data, rows) }

func (c *textColumn) pick(rows []bool) builder {
	ends, data := pickedLists(c.ends, c.data, rows)
	return &textColumn{data: data, ends: ends}
}

func (c *textColumn) native() warehouse.NativeColumn { return warehouse.NativeColumn{Bytes: c.data} }
func (c *textColumn) sum(v *value) uint64            { return sumText(v.text) }

func (c *textColumn) text(i int) string {
	begin, end := c.ends.span(i)
	text, _ := cutText(c.data[begin:end])
	return text
}

// appendText appends a text with its length before it.
func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cutText is the first text of what appendText has made, and what follows it.
func cutText(b []byte) (text string, rest []byte) {
	size, n := binary.Uvarint(b)
	return string(b[n : n+int(size)]), b[n+int(size):]
}

// spans are the ends of the lists of a column, one for each row.
type spans []uint32

func (s spans) span(i int) (begin, end uint32) {
	if i > 0 {
		begin = s[i-1]
	}
	return begin, s[i]
}

// keepLists drops the lists of the rows that are not marked.
func keepLists[T any](ends spans, elements []T, rows []bool) (spans, []T) {
	n, begin, to := 0, uint32(0), uint32(0)
	for i, end := range ends {
		if rows[i] {
			to += uint32(copy(elements[to:], elements[begin:end]))
			ends[n] = to
			n++
		}
		begin = end
	}
	return ends[:n], elements[:to]
}

// pickedLists is a copy of the lists that are marked.
func pickedLists[T any](ends spans, elements []T, rows []bool) (spans, []T) {
	var to spans
	var of []T
	begin := uint32(0)
	for i, end := range ends {
		if rows[i] {
			of = append(of, elements[begin:end]...)
			to = append(to, uint32(len(of)))
		}
		begin = end
	}
	return to, of
}

func (s spans) native() []byte {
	b := make([]byte, 0, 8*len(s))
	for _, end := range s {
		b = binary.LittleEndian.AppendUint64(b, uint64(end))
	}
	return b
}

// codesColumn holds lists of texts that repeat.
type codesColumn struct {
	words  *words // only while rows are added
	dict   *dict
	ends   spans
	places []uint32
}

func (c *codesColumn) add(v *value) {
	switch {
	case len(v.list) == 0:
	case !v.lasts:
		for _, s := range v.list {
			c.places = append(c.places, c.words.place(s, v.kept))
		}
	default:
		if v.numbers == nil || v.words != c.words.edition {
			v.numbers, v.words = make([]uint32, len(v.list)), c.words.edition
			for i, s := range v.list {
				if s != "" {
					v.numbers[i] = c.words.number(s) + 1
				}
			}
		}
		for _, n := range v.numbers {
			if n > 0 {
				n = c.words.use(n - 1)
			}
			c.places = append(c.places, n)
		}
	}
	c.ends = append(c.ends, uint32(len(c.places)))
}

func (c *codesColumn) keep(rows []bool) { c.ends, c.places = keepLists(c.ends, c.places, rows) }

func (c *codesColumn) pick(rows []bool) builder {
	ends, places := pickedLists(c.ends, c.places, rows)
	return &codesColumn{dict: c.dict, ends: ends, places: places}
}

func (c *codesColumn) native() warehouse.NativeColumn {
	return warehouse.NativeColumn{Bytes: append(c.ends.native(), warehouse.Dictionary(c.dict.texts, c.places)...)}
}

func (c *codesColumn) sum(v *value) uint64 { return sumList(v.list) }

// sumText is the hash of a text.
func sumText(s string) uint64 { return max(1, xxhash.Sum64String(s)) }

// sumList is the hash of a list: of the hashes of its elements in order.
func sumList(list []string) uint64 {
	sum := uint64(len(list)) + 1
	for _, s := range list {
		sum = mixed(sum ^ xxhash.Sum64String(s))
	}
	return max(1, sum)
}

// mixed spreads the bits of a number over all of its bits (the finaliser of SplitMix64, Steele et al. 2014).
func mixed(n uint64) uint64 {
	n += 0x9E3779B97F4A7C15
	n = (n ^ n>>30) * 0xBF58476D1CE4E5B9
	n = (n ^ n>>27) * 0x94D049BB133111EB
	return n ^ n>>31
}

// sumNumber is the hash of the bits of a number.
func sumNumber(bits uint64) uint64 { return max(1, mixed(bits)) }

// sumNothing is the hash of a value that is not there, where that can be stored.
const sumNothing = 1

// textsColumn holds lists of texts that do not repeat, the texts as they are sent.
type textsColumn struct {
	ends  spans // of each list among the texts
	data  []byte
	bytes spans // of each list in data
	n     uint32
}

func (c *textsColumn) add(v *value) {
	for _, s := range v.list {
		c.data = appendText(c.data, s)
	}
	c.n += uint32(len(v.list))
	c.ends, c.bytes = append(c.ends, c.n), append(c.bytes, uint32(len(c.data)))
}

func (c *textsColumn) keep(rows []bool) {
	c.bytes, c.data = keepLists(c.bytes, c.data, rows)
	n, begin, to := 0, uint32(0), uint32(0)
	for i, end := range c.ends {
		if rows[i] {
			to += end - begin
			c.ends[n] = to
			n++
		}
		begin = end
	}
	c.ends, c.n = c.ends[:n], to
}

func (c *textsColumn) pick(rows []bool) builder {
	bytes, data := pickedLists(c.bytes, c.data, rows)
	of := &textsColumn{bytes: bytes, data: data}
	begin := uint32(0)
	for i, end := range c.ends {
		if rows[i] {
			of.n += end - begin
			of.ends = append(of.ends, of.n)
		}
		begin = end
	}
	return of
}

func (c *textsColumn) native() warehouse.NativeColumn {
	return warehouse.NativeColumn{Bytes: append(c.ends.native(), c.data...)}
}

func (c *textsColumn) sum(v *value) uint64 { return sumList(v.list) }

func (c *textsColumn) list(i int) []string {
	begin, end := c.bytes.span(i)
	var list []string
	for b := c.data[begin:end]; len(b) > 0; {
		var text string
		text, b = cutText(b)
		list = append(list, text)
	}
	return list
}

// argsColumn holds what messages need, as Map(LowCardinality(String), String), in the order of the names.
type argsColumn struct {
	ends   spans
	names  []string // that occur, the empty one first
	places []uint32
	values []string
}

func (c *argsColumn) add(args map[string]string) {
	if c.names == nil {
		c.names = []string{""}
	}
	for _, name := range slices.Sorted(maps.Keys(args)) {
		place := slices.Index(c.names, name)
		if place < 0 {
			place = len(c.names)
			c.names = append(c.names, name)
		}
		c.places, c.values = append(c.places, uint32(place)), append(c.values, args[name])
	}
	c.ends = append(c.ends, uint32(len(c.places)))
}

func (c *argsColumn) native() warehouse.NativeColumn {
	b := append(c.ends.native(), warehouse.Dictionary(c.names, c.places)...)
	for _, s := range c.values {
		b = appendText(b, s)
	}
	return warehouse.NativeColumn{Bytes: b}
}

// appendID writes a UUID as the native protocol does: two numbers of 64 bits, low byte first.
func appendID(b []byte, id uuid.UUID) []byte {
	b = binary.LittleEndian.AppendUint64(b, binary.BigEndian.Uint64(id[:8]))
	return binary.LittleEndian.AppendUint64(b, binary.BigEndian.Uint64(id[8:]))
}

// idsColumn holds lists of pseudonyms.
type idsColumn struct {
	ends spans
	ids  []uuid.UUID
}

func (c *idsColumn) add(v *value) {
	c.ids = append(c.ids, v.ids...)
	c.ends = append(c.ends, uint32(len(c.ids)))
}

func (c *idsColumn) keep(rows []bool) { c.ends, c.ids = keepLists(c.ends, c.ids, rows) }

func (c *idsColumn) pick(rows []bool) builder {
	ends, ids := pickedLists(c.ends, c.ids, rows)
	return &idsColumn{ends: ends, ids: ids}
}

func (c *idsColumn) native() warehouse.NativeColumn {
	b := c.ends.native()
	for _, id := range c.ids {
		b = appendID(b, id)
	}
	return warehouse.NativeColumn{Bytes: b}
}

func (c *idsColumn) sum(v *value) uint64 {
	sum := uint64(len(v.ids)) + 1
	for _, id := range v.ids {
		sum = mixed(sum ^ xxhash.Sum64(id[:]))
	}
	return max(1, sum)
}

// nulls marks the rows without a value, one byte each as the native protocol has it; nil for a column in which
// every row has one.
type nulls []byte

func newNulls(nullable bool, rows int) nulls {
	if !nullable {
		return nil
	}
	return make(nulls, 0, max(rows, 1))
}

func (n nulls) add(known bool) nulls {
	switch {
	case n == nil:
		return nil
	case known:
		return append(n, 0)
	}
	return append(n, 1)
}

func (n nulls) keep(rows []bool) nulls {
	if n == nil {
		return nil
	}
	return kept(n, rows)
}

func (n nulls) pick(rows []bool) nulls {
	if n == nil {
		return nil
	}
	return picked(n, rows)
}

// idColumn holds pseudonyms.
type idColumn struct {
	values []uuid.UUID
	nulls  nulls
}

func (c *idColumn) add(v *value) {
	c.values = append(c.values, v.id)
	c.nulls = c.nulls.add(v.set)
}

func (c *idColumn) keep(rows []bool) {
	c.values, c.nulls = kept(c.values, rows), c.nulls.keep(rows)
}

func (c *idColumn) pick(rows []bool) builder {
	return &idColumn{values: picked(c.values, rows), nulls: c.nulls.pick(rows)}
}

func (c *idColumn) native() warehouse.NativeColumn {
	b := append(make([]byte, 0, 17*len(c.values)), c.nulls...)
	for _, id := range c.values {
		b = appendID(b, id)
	}
	return warehouse.NativeColumn{Bytes: b}
}

func (c *idColumn) sum(v *value) uint64 {
	if !v.set {
		return sumNothing
	}
	return max(2, xxhash.Sum64(v.id[:]))
}

// dateColumn holds days.
type dateColumn struct {
	values []int32 // days since 1970-01-01
	nulls  nulls
}

func (c *dateColumn) add(v *value) {
	day := v.day
	if !v.set {
		day = 0
	}
	c.values = append(c.values, day)
	c.nulls = c.nulls.add(v.set)
}

func (c *dateColumn) keep(rows []bool) {
	c.values, c.nulls = kept(c.values, rows), c.nulls.keep(rows)
}

func (c *dateColumn) pick(rows []bool) builder {
	return &dateColumn{values: picked(c.values, rows), nulls: c.nulls.pick(rows)}
}

func (c *dateColumn) native() warehouse.NativeColumn {
	b := append(make([]byte, 0, 5*len(c.values)), c.nulls...)
	for _, day := range c.values {
		b = binary.LittleEndian.AppendUint32(b, uint32(day))
	}
	return warehouse.NativeColumn{Bytes: b}
}

// sum is of what is stored: a date of which only the month is known counts as its first day, an unknown date
// that cannot be NULL as day 0.
func (c *dateColumn) sum(v *value) uint64 {
	switch {
	case v.set:
		return sumNumber(uint64(v.day))
	case c.nulls != nil:
		return sumNothing
	}
	return sumNumber(0)
}

// numberColumn holds numbers and truth values.
type numberColumn[T uint8 | uint16 | uint32 | float64] struct {
	from   func(float64) T
	values []T
	nulls  nulls
}

func newNumbers[T uint8 | uint16 | uint32 | float64](from func(float64) T, nullable bool, rows int) *numberColumn[T] {
	return &numberColumn[T]{from: from, values: make([]T, 0, rows), nulls: newNulls(nullable, rows)}
}

func (c *numberColumn[T]) add(v *value) {
	c.values = append(c.values, c.from(v.num))
	c.nulls = c.nulls.add(v.set)
}

func (c *numberColumn[T]) keep(rows []bool) {
	c.values, c.nulls = kept(c.values, rows), c.nulls.keep(rows)
}

func (c *numberColumn[T]) pick(rows []bool) builder {
	return &numberColumn[T]{from: c.from, values: picked(c.values, rows), nulls: c.nulls.pick(rows)}
}

func (c *numberColumn[T]) native() warehouse.NativeColumn {
	b := append(make([]byte, 0, 9*len(c.values)), c.nulls...)
	return warehouse.NativeColumn{Bytes: appendNumbers(b, c.values)}
}

// sum is of what is stored: an unknown number that cannot be NULL counts as 0.
func (c *numberColumn[T]) sum(v *value) uint64 {
	if !v.set && c.nulls != nil {
		return sumNothing
	}
	return sumNumber(math.Float64bits(v.num))
}

// appendNumbers writes numbers low byte first.
func appendNumbers[T uint8 | uint16 | uint32 | uint64 | float64](b []byte, values []T) []byte {
	switch s := any(values).(type) {
	case []uint8:
		return append(b, s...)
	case []uint16:
		for _, n := range s {
			b = binary.LittleEndian.AppendUint16(b, n)
		}
	case []uint32:
		for _, n := range s {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	case []uint64:
		for _, n := range s {
			b = binary.LittleEndian.AppendUint64(b, n)
		}
	case []float64:
		for _, f := range s {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
		}
	}
	return b
}
