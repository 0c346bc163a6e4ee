package ingest

import (
	"hash/maphash"
	"slices"
	"strings"
	"unsafe"
)

// reading is what the text of a cell was read as. Cells repeat, and equal cells of a column are read once.
type reading struct {
	raw    string // as sent
	text   string // cleaned
	titled bool   // the text is the heading of its column
	done   bool   // the rest is known
	empty  bool   // there is nothing to set and nothing to say
	known  bool   // every name in it is on its list
	first  value  // of the field's first column
	other  *value // of its second one, nil when that has nothing
	found  []finding
}

// readings are the readings of one column of a sheet, for one goroutine.
type readings struct {
	slots  []slot
	n      int
	asked  int
	missed int
	off    bool // the column does not repeat
}

type slot struct {
	hash uint64
	*reading
}

// Bounds of the memory for readings, and what counts as a column that repeats.
const (
	maxReadings = 1 << 14 // of a column
	trial       = 4096    // questions after which a column that rarely answers is given up
)

// find returns the reading of a text, nil when the column does not repeat. One that is asked for the first time is new,
// and its text is not known yet.
func (r *readings) find(seed maphash.Seed, raw string) (found *reading, isNew bool) {
	if r.off || len(raw) > 512 {
		return nil, false
	}
	r.asked++
	hash := maphash.String(seed, raw)
	if len(r.slots) == 0 {
		r.slots = make([]slot, 64)
	}
	mask := uint64(len(r.slots) - 1)
	i := hash & mask
	for r.slots[i].reading != nil {
		if r.slots[i].hash == hash && r.slots[i].raw == raw {
			return r.slots[i].reading, false
		}
		i = (i + 1) & mask
	}
	r.missed++
	if r.asked >= trial && 3*r.missed > r.asked {
		*r = readings{off: true}
		return nil, false
	}
	switch {
	case r.n == maxReadings:
		*r = readings{off: 8*r.missed > r.asked}
		return r.find(seed, raw)
	case 2*r.n >= len(r.slots):
		old := r.slots
		r.slots = make([]slot, 4*len(old))
		mask = uint64(len(r.slots) - 1)
		for _, s := range old {
			if s.reading != nil {
				r.slots[r.free(s.hash, mask)] = s
			}
		}
		i = r.free(hash, mask)
	}
	r.slots[i] = slot{hash, &reading{raw: strings.Clone(raw)}}
	r.n++
	return r.slots[i].reading, true
}

func (r *readings) free(hash, mask uint64) uint64 {
	i := hash & mask
	for r.slots[i].reading != nil {
		i = (i + 1) & mask
	}
	return i
}

// recalled is what a rule made of the texts that it reads.
type recalled struct {
	of     [6]*reading
	values []value // of the slots that the rule fills
	found  []finding
}

// recollection remembers what a rule made of readings.
type recollection [4096]*recalled

// recall applies a rule that depends on nothing but the cells of some fields, at most six, and sets nothing but
// the texts of some slots: apply is called unless it was called for equal cells before.
func (c *checker) recall(memory *recollection, fields, slots []int, apply func()) {
	var of [6]*reading
	hash := uintptr(0)
	for i, j := range fields {
		if j < 0 {
			continue
		}
		r := c.reads[j][c.i]
		if r == nil {
			apply()
			return
		}
		of[i] = r
		hash = (hash + uintptr(unsafe.Pointer(r))>>4) * 0x9E3779B97F4A7C15
	}
	for _, s := range slots {
		if c.value(s).set {
			apply()
			return
		}
	}
	known := &memory[hash>>52]
	if r := *known; r != nil && r.of == of {
		for i, s := range slots {
			c.values[s][c.i] = &r.values[i]
		}
		if len(r.found) > 0 {
			c.found[c.i] = append(c.found[c.i], r.found...)
		}
		return
	}
	n := len(c.found[c.i])
	apply()
	r := &recalled{of: of, found: slices.Clone(c.found[c.i][n:]), values: make([]value, len(slots))}
	for i, s := range slots {
		r.values[i] = *c.value(s)
		r.values[i].last()
	}
	*known = r
}
