package emission

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ohwatch/internal/message"
)

// Part is what one addressee gets of a document.
type Part struct {
	Addressee string // WJW, JDS …
	Area      string // of TS, townships, whose part it is; else empty
	Files     []File // warnings-WEEK of what is addressed to it, for townships and the city with scorecard-WEEK behind it
}

// Folder is the name of the folder of a part: the addressee, for townships with the code of the area.
func (p Part) Folder() string {
	if p.Area == "" {
		return p.Addressee
	}
	return p.Addressee + "-" + p.Area
}

// township is the addressee that is many: each area has its own. city owns the rules.
const (
	township = "TS"
	city     = "WJW"
)

// Parts renders for each addressee the warnings that are its own, for townships by area, sorted by folder. A township
// has its scorecard there too: what lies in it and is no warning of its own for all of its addressees. What lies in no township is in
// the scorecard of the city. Who has a scorecard has a part, also when nothing is addressed to it.
func Parts(document []byte, c *message.Catalogue) ([]Part, error) {
	var d Document
	if err := json.Unmarshal(document, &d); err != nil {
		return nil, fmt.Errorf("read the emitted document: %w", err)
	}
	type owner struct{ addressee, area string }
	own := map[owner][]Warning{}
	for _, w := range d.Warnings {
		for _, addressee := range w.Addressee {
			o := owner{addressee: addressee}
			if addressee == township {
				o.area = w.Area
			}
			own[o] = append(own[o], w)
		}
	}
	cards := map[owner][]Warning{}
	for _, w := range d.Warnings {
		if len(w.Listed) > 0 || !d.separate(w) {
			o := owner{addressee: city}
			if isTownship(w.Area) {
				o = owner{township, w.Area}
			}
			cards[o] = append(cards[o], w)
			if own[o] == nil {
				own[o] = []Warning{}
			}
		}
	}
	var parts []Part
	for o := range maps.Keys(own) {
		text, err := encode(d.part(o.addressee, o.area, own[o]))
		if err != nil {
			return nil, err
		}
		files, err := Files(text, c)
		if err != nil {
			return nil, err
		}
		if listed := cards[o]; len(listed) > 0 {
			card := d.part(o.addressee, o.area, listed)
			card.Scorecard = true
			if text, err = encode(card); err != nil {
				return nil, err
			}
			more, err := Files(text, c)
			if err != nil {
				return nil, err
			}
			files = append(files, more...)
		}
		parts = append(parts, Part{Addressee: o.addressee, Area: o.area, Files: files})
	}
	slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Folder(), b.Folder()) })
	return parts, nil
}

// isTownship tells the code of a township, nine digits, from that of the city and from no area.
func isTownship(area string) bool { return len(area) == 9 }
