package stats

import (
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
)

// window is a stretch of time units, both ends included.
type window struct{ begin, end int }

// add sets sums to the cases of each place in the window; cases holds one row of places per unit.
func (w window) add(cases, sums []float64) {
	n := len(sums)
	copy(sums, cases[w.begin*n:])
	for t := w.begin + 1; t <= w.end; t++ {
		for i, c := range cases[t*n : (t+1)*n] {
			sums[i] += c
		}
	}
}

// scanWords hold the same count of several simulations, each in its own bits, its lane.
type scanWords [4]uint64

// addWords is add for several simulations.
func (w window) addWords(cases, sums []scanWords) {
	n := len(sums)
	copy(sums, cases[w.begin*n:])
	for t := w.begin + 1; t <= w.end; t++ {
		for i, c := range cases[t*n : (t+1)*n] {
			sums[i][0] += c[0]
			sums[i][1] += c[1]
			sums[i][2] += c[2]
			sums[i][3] += c[3]
		}
	}
}

// simulateScan spreads the cases at random, as expected, over places and units, and returns the largest LLR of each
// simulation in rising order.
//
// Several simulations go through the circles at once, each in its own bits of one word. A circle is looked at only if
// one of them has as many cases in it as the level at hand asks for, which hardly any has; a simulation of which no
// circle reaches the level is done again with half of it, and at last without one. The work is shared by all processors, and the result does not
// depend on how.
func simulateScan(circles [][]int, expected []float64, units int, windows []window, total float64, opt ScanOptions) []float64 {
	simulated := make([]float64, opt.Simulations)
	if total == 0 || opt.Simulations == 0 {
		return simulated
	}
	s := newScanSimulation(circles, expected, units, windows, total, opt)
	const pilots = 16
	s.run(simulated[:min(pilots, len(simulated))], 0, 1)
	if len(simulated) > pilots {
		s.run(simulated[pilots:], pilots, 0.9*slices.Min(simulated[:pilots]))
	}
	slices.Sort(simulated)
	return simulated
}

// scanSimulation is what all simulations of a scan share.
type scanSimulation struct {
	places, units, cases int
	windows              []window
	zones                []scanZone
	ends                 []int          // of the zones of each centre
	byLength             map[int]*reach // windows of one length
	countLogs            []float64      // c·log c + (C − c)·log(C − c), C all cases
	lanes, laneBits      int            // in scanWords; bits of a lane
	seed                 uint32
	shares               []float64 // of each cell in R's order: all units of the first place, of the second, …
	ofR                  *random   // nil: each simulation has its own generator
	alias                aliasTable
	counts               []aliasTable // of cases by place, all but the last few; nil: drawn case by case
}

// scanZone is one circle: the place that it has beyond the one before.
type scanZone struct{ place uint16 }

// zoneLogs are the parts of the log likelihood ratio of a circle that do not hang on its cases: with e expected inside and
// C − e outside, C·log(C − e) and log e − log(C − e).
type zoneLogs struct{ constant, slope float64 }

// reach holds, for windows of one length, what is expected in each circle, and from how many cases on it is looked at.
type reach struct {
	expected []float64
	logs     []zoneLogs
	any      []uint32    // more cases than expected
	short    [3][]uint64 // what the cases of every lane lack of its highest bit at the level, half of it, any level
}

func newScanSimulation(circles [][]int, expected []float64, units int, windows []window, total float64, opt ScanOptions) *scanSimulation {
	s := &scanSimulation{
		places: len(expected), units: units, cases: int(total), windows: windows, byLength: map[int]*reach{},
		countLogs: make([]float64, int(total)+1), lanes: 16, laneBits: 16, seed: opt.Seed,
	}
	if s.cases >= 1<<15 {
		s.lanes, s.laneBits = 8, 32
	}
	for c := 1; c <= s.cases; c++ {
		term := float64(c) * math.Log(float64(c))
		s.countLogs[c] += term
		s.countLogs[s.cases-c] += term
	}
	for _, circle := range circles {
		for _, place := range circle {
			s.zones = append(s.zones, scanZone{uint16(place)})
		}
		s.ends = append(s.ends, len(s.zones))
	}
	for _, w := range windows {
		length := w.end - w.begin + 1
		if s.byLength[length] != nil {
			continue
		}
		n := len(s.zones)
		r := &reach{expected: make([]float64, n), logs: make([]zoneLogs, n)}
		inParts(len(circles), func(from, to int) {
			for centre := from; centre < to; centre++ {
				at := s.ends[centre] - len(circles[centre])
				var e float64
				for i, place := range circles[centre] {
					e += expected[place] * float64(length)
					outside := math.Log(max(total-e, smallestPositive))
					r.expected[at+i], r.logs[at+i] = e, zoneLogs{total * outside, math.Log(e) - outside}
				}
			}
		})
		r.any = make([]uint32, len(r.expected))
		for i, e := range r.expected {
			r.any[i] = uint32(math.Min(math.Floor(e)+1, total+1))
		}
		s.byLength[length] = r
	}
	few := s.cases <= 16*s.places*units // then drawing case by case is the faster way
	if opt.OfR || !few {
		s.shares = make([]float64, s.places*units)
		for i := range s.shares {
			s.shares[i] = expected[i/units]
		}
	} else {
		s.alias = newAliasTable(expected)
		// Poisson counts with a sum short of the cases by four standard deviations: hardly ever too many.
		if mean := total - 4*math.Sqrt(total); units == 1 && mean > 2*float64(len(expected)) {
			s.counts = make([]aliasTable, len(expected))
			for i, e := range expected {
				s.counts[i] = newPoissonTable(mean * e / total)
			}
		}
	}
	if opt.OfR {
		s.ofR = newRandom(opt.Seed)
	}
	return s
}

// llr is the log likelihood ratio of c cases in a circle.
func (s *scanSimulation) llr(r *reach, zone int, c uint32) float64 {
	logs := &r.logs[zone]
	return s.countLogs[c] - logs.constant - float64(c)*logs.slope
}

// reaching finds how many cases each circle needs for the level.
func (s *scanSimulation) reaching(r *reach, level float64) []uint32 {
	least := make([]uint32, len(r.expected))
	total := float64(s.cases)
	inParts(len(r.expected), func(from, to int) {
		for zone := from; zone < to; zone++ {
			e := r.expected[zone]
			share := min(1, e/total)
			guess := e + math.Sqrt(2*level*e*(1-share)) + level*(1-2*share)/3
			c := uint32(max(float64(r.any[zone]), min(guess, total)))
			for c > r.any[zone] && c <= uint32(s.cases) && s.llr(r, zone, c-1) >= level {
				c--
			}
			for c <= uint32(s.cases) && s.llr(r, zone, c) < level {
				c++
			}
			least[zone] = c
		}
	})
	return least
}

// run fills in the largest LLR of simulations, of which first is the number of the first.
func (s *scanSimulation) run(simulated []float64, first int, level float64) {
	for _, r := range s.byLength {
		if r.short[2] == nil {
			r.short[2] = s.lacking(r.any)
		}
		r.short[0], r.short[1] = s.lacking(s.reaching(r, level)), r.short[2]
		if level > 1 {
			r.short[1] = s.lacking(s.reaching(r, level/2))
		}
	}
	type block struct {
		at    int
		cases []scanWords // by unit and place, one simulation in each lane
	}
	workers := min(runtime.GOMAXPROCS(0), (len(simulated)+s.lanes-1)/s.lanes)
	free, blocks := make(chan []scanWords, 2*workers), make(chan block, 2*workers)
	for range 2 * workers {
		free <- make([]scanWords, s.places*s.units)
	}
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			sums := new([maxScanPlaces]scanWords)
			drawn := make([]float64, len(s.shares))
			for b := range blocks {
				lanes := simulated[b.at:min(b.at+s.lanes, len(simulated))]
				if s.ofR == nil {
					clear(b.cases)
					for lane := range lanes {
						s.draw(uint64(first+b.at+lane), lane, drawn, b.cases)
					}
				}
				s.scan(b.cases, sums, lanes)
				free <- b.cases
			}
		})
	}
	drawn := make([]float64, len(s.shares))
	for at := 0; at < len(simulated); at += s.lanes {
		cases := <-free
		if s.ofR != nil { // one stream of random numbers: drawn in order
			clear(cases)
			for lane := range min(s.lanes, len(simulated)-at) {
				s.ofR.multinomial(s.cases, s.shares, drawn)
				s.spread(drawn, lane, cases)
			}
		}
		blocks <- block{at, cases}
	}
	close(blocks)
	done.Wait()
}

// inParts calls do with the parts of 0…n, on all processors, and returns when all are done.
func inParts(n int, do func(from, to int)) {
	parts := min(runtime.GOMAXPROCS(0), n)
	var done sync.WaitGroup
	for part := range parts {
		done.Go(func() { do(n*part/parts, n*(part+1)/parts) })
	}
	done.Wait()
}

// at returns the word and the bit where a lane begins.
func (s *scanSimulation) at(lane int) (word, bit int) {
	lane *= s.laneBits
	return lane / 64, lane % 64
}

// draw puts one simulation into a lane.
func (s *scanSimulation) draw(number uint64, lane int, drawn []float64, cases []scanWords) {
	if s.shares != nil {
		newRandom(s.seed+uint32(number)*0x9e3779b9).multinomial(s.cases, s.shares, drawn)
		s.spread(drawn, lane, cases)
		return
	}
	seed := splitMix(uint64(s.seed)<<32 ^ number)
	source := splitMix(seed.next()) // else simulations next to each other would share numbers
	word, bit := s.at(lane)
	left := s.cases
	if s.counts != nil {
		left = s.drawCounts(&source, cases, word, bit)
	}
	for range left {
		u := source.next()
		unit := int(u & math.MaxUint32 * uint64(s.units) >> 32)
		cases[unit*s.places+s.alias.place(uint32(u>>32))][word] += 1 << bit
	}
}

// drawCounts puts Poisson counts into a lane and returns how many cases are left to be drawn one by one. Given their
// sum the counts are multinomial, and so are they together with further cases, whatever the sum was. A sum above the
// number of cases is drawn again.
func (s *scanSimulation) drawCounts(source *splitMix, cases []scanWords, word, bit int) (left int) {
	for {
		left = s.cases
		for place := range s.counts {
			count := s.counts[place].place(uint32(source.next() >> 32))
			cases[place][word] += uint64(count) << bit
			left -= count
		}
		if left >= 0 {
			return left
		}
		lane := (uint64(1)<<s.laneBits - 1) << bit
		for place := range s.counts {
			cases[place][word] &^= lane
		}
	}
}

// spread adds drawn counts, which are in R's order, to a lane.
func (s *scanSimulation) spread(drawn []float64, lane int, cases []scanWords) {
	word, bit := s.at(lane)
	for i, c := range drawn {
		cases[i%s.units*s.places+i/s.units][word] += uint64(c) << bit
	}
}

// lacking spreads over all lanes what has to be added to the cases of a circle so that the highest bit of its lane
// comes up where they are enough.
func (s *scanSimulation) lacking(least []uint32) []uint64 {
	var ones uint64 // the lowest bit of every lane
	for bit := 0; bit < 64; bit += s.laneBits {
		ones |= 1 << bit
	}
	short := make([]uint64, len(least))
	for zone, need := range least {
		short[zone] = (uint64(1)<<(s.laneBits-1) - uint64(need)) * ones
	}
	return short
}

// scan sets best to the largest LLR of each lane.
func (s *scanSimulation) scan(cases []scanWords, sums *[maxScanPlaces]scanWords, best []float64) {
	for lane := range best {
		best[lane] = -1
	}
	for level := range len(reach{}.short) {
		var wanted scanWords // all bits of the lanes without a circle so far
		for lane := range best {
			if best[lane] < 0 {
				word, bit := s.at(lane)
				wanted[word] |= (uint64(1)<<s.laneBits - 1) << bit
			}
		}
		if wanted == (scanWords{}) {
			return
		}
		for _, w := range s.windows {
			w.addWords(cases, sums[:s.places])
			for place := range s.places {
				for word := range wanted {
					sums[place][word] &= wanted[word] // a lane without cases never has enough
				}
			}
			r := s.byLength[w.end-w.begin+1]
			s.scanWindow(r, r.short[level], sums, best)
		}
	}
	for lane := range best {
		best[lane] = math.Max(0, best[lane])
	}
}

// scanWindow goes through the circles of one window.
func (s *scanSimulation) scanWindow(r *reach, short []uint64, sums *[maxScanPlaces]scanWords, best []float64) {
	var highest uint64 // the highest bit of every lane
	for bit := s.laneBits - 1; bit < 64; bit += s.laneBits {
		highest |= 1 << bit
	}
	begin := 0
	for _, end := range s.ends {
		var c scanWords
		for zone := begin; zone < end; zone++ {
			zone += firstEnough(s.zones[zone:end], short[zone:end], sums, &c, highest)
			if zone == end {
				break
			}
			enough := c
			for word := range enough {
				enough[word] = (enough[word] + short[zone]) & highest
			}
			s.look(r, zone, c, enough, best)
		}
		begin = end
	}
}

// firstEnough adds up circles in c, one place after the other, and returns the first in which a lane has enough cases, or
// their number if none has.
func firstEnough(zones []scanZone, short []uint64, sums *[maxScanPlaces]scanWords, c *scanWords, highest uint64) int {
	c0, c1, c2, c3 := c[0], c[1], c[2], c[3]
	short = short[:len(zones)]
	for i, zone := range zones {
		add, lack := &sums[zone.place%maxScanPlaces], short[i]
		c0, c1, c2, c3 = c0+add[0], c1+add[1], c2+add[2], c3+add[3]
		if ((c0+lack)|(c1+lack)|(c2+lack)|(c3+lack))&highest != 0 {
			*c = scanWords{c0, c1, c2, c3}
			return i
		}
	}
	return len(zones)
}

// look takes the LLR of a circle in the lanes whose highest bit is up in enough.
func (s *scanSimulation) look(r *reach, zone int, c, enough scanWords, best []float64) {
	for word, up := range enough {
		for up != 0 {
			inWord := bits.TrailingZeros64(up) / s.laneBits
			up &= up - 1
			count := uint32(c[word] >> (inWord * s.laneBits) & (1<<s.laneBits - 1))
			lane := word*s.lanes/len(enough) + inWord
			if llr := s.llr(r, zone, count); llr > best[lane] {
				best[lane] = llr
			}
		}
	}
}

// aliasTable draws places in proportion to weights (Walker, Electron Lett 1974;10:127–8; Vose, IEEE Trans Softw Eng
// 1991;17:972–5).
type aliasTable struct {
	keep  []uint32 // share of a column that belongs to its own place, in 2⁻³²
	other []uint16
}

func newAliasTable(weights []float64) aliasTable {
	n := len(weights)
	t := aliasTable{keep: make([]uint32, n), other: make([]uint16, n)}
	mean := sum(weights) / float64(n)
	rest := make([]float64, n)
	var small, large []int
	for i, w := range weights {
		rest[i] = w / mean
		t.keep[i], t.other[i] = math.MaxUint32, uint16(i)
		if rest[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		i, j := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		t.keep[i], t.other[i] = uint32(rest[i]*math.MaxUint32), uint16(j)
		if rest[j] -= 1 - rest[i]; rest[j] < 1 {
			large, small = large[:len(large)-1], append(small, j)
		}
	}
	return t
}

// newPoissonTable draws Poisson counts of a mean, up to where hardly any lies.
func newPoissonTable(mean float64) aliasTable {
	most := int(mean+12*math.Sqrt(mean)) + 20
	weights := make([]float64, most)
	mode := min(int(mean), most-1)
	weights[mode] = 1
	for k := mode - 1; k >= 0; k-- {
		weights[k] = weights[k+1] * float64(k+1) / mean
	}
	for k := mode + 1; k < most; k++ {
		weights[k] = weights[k-1] * mean / float64(k)
	}
	return newAliasTable(weights)
}

// place is the place that a uniform 32 bit number falls to.
func (t aliasTable) place(u uint32) int {
	product := uint64(u) * uint64(len(t.keep))
	column := int(product >> 32)
	place := int(t.other[column])
	if uint32(product) < t.keep[column] {
		place = column
	}
	return place
}

// splitMix is a small generator of random numbers with a period of 2⁶⁴ (Steele, Lea & Flood, OOPSLA 2014).
type splitMix uint64

func (g *splitMix) next() uint64 {
	*g += 0x9e3779b97f4a7c15
	z := uint64(*g)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
