package ingest

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestHasBadText(t *testing.T) {
	piece := rapid.OneOf(
		rapid.Map(rapid.String(), func(s string) []byte { return []byte(s) }),
		rapid.SliceOfN(rapid.Byte(), 0, 6),
		rapid.SampledFrom([][]byte{[]byte("体检机构，示例"), []byte("ABCDEFGHIJ"), {0}, []byte("\ufffd"), {0xed, 0xa0, 0x80}, {0xe0, 0x80, 0x80}, {0xe6, 0x97}}),
	)
	rapid.Check(t, func(t *rapid.T) {
		cell := bytes.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), nil)
		want := !utf8.Valid(cell) || bytes.IndexByte(cell, 0) >= 0 || bytes.Contains(cell, []byte("\ufffd"))
		if got := hasBadText(cell); got != want {
			t.Fatalf("%q: %v, want %v", cell, got, want)
		}
	})
}
