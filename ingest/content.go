package ingest

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// keyHash is the hash of the natural key: xxhash64 of its normalised parts, separated by 0x1f.
func (c *checker) keyHash() uint64 {
	b := c.buf[:0]
	for _, alternatives := range c.plan.keys {
		for _, slot := range alternatives {
			v := c.value(slot)
			if !v.set {
				continue
			}
			switch {
			case v.text != "":
				b = appendKey(b, v.text)
			case v.day != 0 || c.plan.kind[slot] == kindDate:
				b = strconv.AppendInt(b, int64(v.day), 10)
				if v.month {
					b = append(b, 'm')
				}
			case c.plan.kind[slot] == kindID:
				b = append(b, v.id[:]...)
			default:
				b = strconv.AppendFloat(b, v.num, 'g', -1, 64)
			}
			break
		}
		b = append(b, 0x1f)
	}
	c.buf = b
	return xxhash.Sum64(b)
}

// appendKey appends a text as keys are compared: folded, in upper case.
func appendKey(b []byte, s string) []byte {
	from := len(b)
	for i := range len(s) {
		a := s[i]
		switch {
		case a >= 0x80 || a <= ' ':
			return append(b[:from], strings.ToUpper(fold(s))...)
		case a >= 'a' && a <= 'z':
			a -= 'a' - 'A'
		}
		b = append(b, a)
	}
	return b
}

// content appends the hash of everything that is stored of each accepted row: of the hashes of its values in the order
// of the contract. Where the contract keeps direct identifiers in the vault, the lower half is the hash of these, 0 when
// none was sent.
func (c *checker) content(to []uint64, columns []builder) []uint64 {
	sums := c.sums[:len(c.rows)]
	clear(sums)
	for j, column := range columns {
		values, nothing := c.values[j], column.sum(&c.none)
		for k, i := range c.rows {
			sum := nothing
			if v := values[i]; v != nil {
				if sum = v.sum; sum == 0 {
					if sum = column.sum(v); v.lasts {
						v.sum = sum
					}
				}
			}
			sums[k] = (bits.RotateLeft64(sums[k], 27) ^ sum) * 0x9E3779B97F4A7C15
		}
	}
	for k, i := range c.rows {
		sum := mixed(sums[k])
		if len(c.plan.vaulted) > 0 {
			c.i = int(i)
			sum = sum&^math.MaxUint32 | c.identifiers()
		}
		to = append(to, sum)
	}
	return to
}

// identifiers is the hash, in 32 bits, of what goes to the vault of the row, 0 when that is nothing.
func (c *checker) identifiers() uint64 {
	b, sent := c.buf[:0], false
	for _, j := range c.plan.vaulted {
		if text := c.identifier(j); text != "" {
			id := c.names.person("vault:" + text)
			b, sent = append(b, id[:]...), true
		}
		b = append(b, 0x1f)
	}
	c.buf = b
	if !sent {
		return 0
	}
	return max(1, xxhash.Sum64(b)&math.MaxUint32)
}

// sameContent reports whether a row says what is stored already. Direct identifiers that were not sent, as in an
// export that comes back, take nothing back.
func (p *plan) sameContent(stored, sent uint64) bool {
	return stored == sent || len(p.vaulted) > 0 && sent&math.MaxUint32 == 0 && stored>>32 == sent>>32
}

// period is the time that a row covers for one subject.
type period struct {
	subject    uint64
	start, end int32
}

// period is the time that the row covers for its subject.
func (c *checker) period() period {
	fields := c.overlap.Fields
	b := append(c.buf[:0], c.value(c.plan.slot("employer_key")).text...)
	for _, name := range fields[2:] {
		b = append(append(b, 0x1f), c.value(c.plan.slot(name)).text...)
	}
	c.buf = b
	return period{xxhash.Sum64(b), c.value(c.plan.slot(fields[0])).day, c.value(c.plan.slot(fields[1])).day}
}
