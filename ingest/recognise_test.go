package ingest

import (
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

// The headings of each contract are recognised as that contract's among all: as in its template, and in any
// order with only the required headings and any choice of the others, each by any of its names. A file that
// names no employer although the contract wants one is not asked for here.
func TestRecognise_EveryContractAmongAll(t *testing.T) {
	contracts, err := Contracts()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range contracts {
		t.Run(c.Stream, func(t *testing.T) {
			var all []string
			for _, f := range c.Fields {
				all = append(all, f.Heading())
			}
			if found, h, code := recognise(contracts, [][]string{all}); code != "" || found != c || len(h.unknown) > 0 {
				t.Fatalf("the template is %v %q, unknown %q", name(found), code, h.unknown)
			}
			rapid.Check(t, func(t *rapid.T) {
				var row []string
				for _, f := range c.Fields {
					if f.Required == "Y" || f.Required == "C" || rapid.Bool().Draw(t, f.Name) {
						row = append(row, rapid.SampledFrom(f.Headers).Draw(t, "heading"))
					}
				}
				seed := rapid.Uint64().Draw(t, "order")
				rand.New(rand.NewPCG(seed, 1)).Shuffle(len(row), func(i, j int) { row[i], row[j] = row[j], row[i] })
				if found, _, code := recognise(contracts, [][]string{row}); code != "" || found != c {
					t.Fatalf("%q is %v %q, want %s", row, name(found), code, c.Stream)
				}
			})
		})
	}
}

func name(c *Contract) string {
	if c == nil {
		return "none"
	}
	return c.Stream
}
