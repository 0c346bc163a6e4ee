package ingest

// version is the present state of a fact.
type version struct {
	content uint64 // content hash of its latest version
	batch   uint32 // last digits of its batch; 0 when it was loaded before
	line    uint32 // of the latest version in its file
	number  uint32 // of the latest version, from 1
	void    bool
}

// maxIndexed is how many facts of a stream are held in memory (about 50 bytes each). Streams with more are
// looked up in the warehouse, group by group.
const maxIndexed = 3 << 20

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
