package ingest

import (
	"strings"
	"unsafe"
)

// words numbers the texts of one column, for one goroutine. The numbers last from record to record; a record's
// own dictionary holds only those that occur in it.
type words struct {
	numbers map[string]uint32
	texts   []string
	local   []uint32 // place of each text in the dictionary of the present record,
	record  []uint32 // valid when this is the number of the present record
	present uint32
	edition uint32 // changes when the numbers are given anew
	dict    *dict
	recent  [256]recentWord
}

// dict holds the texts of one record, the empty one first.
type dict struct{ texts []string }

// recentWord finds the number of a text by where it lies in memory.
type recentWord struct {
	data   *byte
	size   int
	number uint32
}

// maxWords bounds how many texts of a column are remembered.
const maxWords = 1 << 16

func newWords() *words { return &words{numbers: map[string]uint32{}} }

// open begins the dictionary of a record.
func (w *words) open() *words {
	if w == nil {
		w = newWords()
	}
	if len(w.texts) > maxWords {
		*w = words{numbers: map[string]uint32{}, present: w.present, edition: w.edition + 1}
	}
	w.present++
	w.dict = &dict{make([]string, 1, 64)}
	return w
}

// place returns the place of a text in the dictionary of the present record. kept says that the text lives longer
// than the record.
func (w *words) place(s string, kept bool) uint32 {
	if s == "" {
		return 0
	}
	if !kept {
		return w.use(w.number(s))
	}
	data := unsafe.StringData(s)
	at := uintptr(unsafe.Pointer(data))
	r := &w.recent[(at>>4^at>>14)%uintptr(len(w.recent))]
	if r.data != data || r.size != len(s) {
		*r = recentWord{data, len(s), w.number(s)}
	}
	return w.use(r.number)
}

// number returns the number of a text.
func (w *words) number(s string) uint32 {
	n, ok := w.numbers[s]
	if !ok {
		s = strings.Clone(s)
		n = uint32(len(w.texts))
		w.numbers[s] = n
		w.texts, w.local, w.record = append(w.texts, s), append(w.local, 0), append(w.record, 0)
	}
	return n
}

func (w *words) use(n uint32) uint32 {
	if w.record[n] != w.present {
		w.record[n], w.local[n] = w.present, uint32(len(w.dict.texts))
		w.dict.texts = append(w.dict.texts, w.texts[n])
	}
	return w.local[n]
}
