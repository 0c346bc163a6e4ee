package warehouse

import (
	"encoding/binary"
	"math"
)

// Dictionary lays out a column of type LowCardinality(String) as the native protocol sends it: the texts, and for each row
// the place of its text among them in one, two or four bytes.
func Dictionary(texts []string, places []uint32) []byte {
	const additional = 1<<9 | 1<<10 // the block carries its own keys
	if len(places) == 0 {
		return []byte{}
	}
	width, size := uint64(0), 1
	switch {
	case len(texts) > math.MaxUint16:
		width, size = 2, 4
	case len(texts) > math.MaxUint8:
		width, size = 1, 2
	}
	n := 24 + size*len(places)
	for _, s := range texts {
		n += len(s) + 3
	}
	b := make([]byte, 0, n)
	b = binary.LittleEndian.AppendUint64(b, additional|width)
	b = binary.LittleEndian.AppendUint64(b, uint64(len(texts)))
	for _, s := range texts {
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	b = binary.LittleEndian.AppendUint64(b, uint64(len(places)))
	switch size {
	case 1:
		for _, p := range places {
			b = append(b, byte(p))
		}
	case 2:
		for _, p := range places {
			b = binary.LittleEndian.AppendUint16(b, uint16(p))
		}
	default:
		for _, p := range places {
			b = binary.LittleEndian.AppendUint32(b, p)
		}
	}
	return b
}

// Floats lays out a column of type Float64 as the native protocol sends it.
func Floats(values []float64) []byte { return appendFloats(make([]byte, 0, 8*len(values)), values) }

// NullableFloats lays out a column of type Nullable(Float64) as the native protocol sends it; NaN and infinite values are sent
// as missing.
func NullableFloats(values []float64) []byte {
	b := make([]byte, len(values), 9*len(values))
	for i, f := range values {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			b[i] = 1
		}
	}
	b = appendFloats(b, values)
	for i, missing := range b[:len(values)] {
		if missing != 0 {
			clear(b[len(values)+8*i : len(values)+8*i+8])
		}
	}
	return b
}

func appendFloats(b []byte, values []float64) []byte {
	for _, f := range values {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(f))
	}
	return b
}
