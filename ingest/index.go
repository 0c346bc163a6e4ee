package ingest

// index maps the hash of a natural key to the present version of the fact: an open hash table, because a
// map of Go takes twice the memory.
type index struct {
	keys     []uint64
	versions []version
	zero     version // of the key 0, which marks free places
	hasZero  bool
	n        int
}

func newIndex(size int) *index {
	capacity := 1024
	for capacity*3 < size*4 {
		capacity *= 2
	}
	return &index{keys: make([]uint64, capacity), versions: make([]version, capacity)}
}

// place returns where key stands or would stand.
func (x *index) place(key uint64) int {
	i := int(key>>7) & (len(x.keys) - 1)
	for x.keys[i] != 0 && x.keys[i] != key {
		i = (i + 1) & (len(x.keys) - 1)
	}
	return i
}

func (x *index) get(key uint64) (version, bool) {
	if key == 0 {
		return x.zero, x.hasZero
	}
	i := x.place(key)
	return x.versions[i], x.keys[i] == key
}

func (x *index) put(key uint64, v version) {
	if key == 0 {
		x.zero, x.hasZero = v, true
		return
	}
	i := x.place(key)
	if x.keys[i] == 0 {
		if (x.n+1)*4 > len(x.keys)*3 {
			x.grow()
			i = x.place(key)
		}
		x.n++
		x.keys[i] = key
	}
	x.versions[i] = v
}

func (x *index) grow() {
	old := *x
	x.keys, x.versions = make([]uint64, 2*len(old.keys)), make([]version, 2*len(old.keys))
	for i, key := range old.keys {
		if key != 0 {
			j := x.place(key)
			x.keys[j], x.versions[j] = key, old.versions[i]
		}
	}
}

// all yields every key.
func (x *index) all(yield func(uint64) bool) {
	if x.hasZero && !yield(0) {
		return
	}
	for _, key := range x.keys {
		if key != 0 && !yield(key) {
			return
		}
	}
}

// filter says of keys that they were surely not added, or perhaps: a Bloom filter in blocks of one cache line
// (Putze, Sanders, Singler 2007). With 50 million keys it errs for about one in forty; an error costs a look-up.
type filter struct{ blocks [][8]uint64 }

// filterBytes is the memory of a filter.
const filterBytes = 64 << 20

func newFilter() *filter { return &filter{blocks: make([][8]uint64, filterBytes/64)} }

// bits are the six bits of a key in its block.
func (f *filter) bits(key uint64) (block *[8]uint64, bits [6]uint16) {
	key *= 0x9E3779B97F4A7C15
	block = &f.blocks[key>>44]
	for i := range bits {
		key *= 0xD1342543DE82EF95
		bits[i] = uint16(key >> 55)
	}
	return block, bits
}

func (f *filter) add(key uint64) {
	block, bits := f.bits(key)
	for _, b := range bits {
		block[b>>6] |= 1 << (b & 63)
	}
}

func (f *filter) has(key uint64) bool {
	block, bits := f.bits(key)
	for _, b := range bits {
		if block[b>>6]&(1<<(b&63)) == 0 {
			return false
		}
	}
	return true
}
