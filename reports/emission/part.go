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
	Files     []File
}

// Folder is the name of the folder of a part: the addressee, for townships with the code of the area.
func (p Part) Folder() string {
	if p.Area == "" {
		return p.Addressee
	}
	return p.Addressee + "-" + p.Area
}

// township is the addressee that is many: each area has its own.
const township = "TS"

// Parts renders for each addressee the warnings that are its own, for townships by area, sorted by folder.
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
	var parts []Part
	for o := range maps.Keys(own) {
		part := d
		part.Warnings = own[o]
		text, err := encode(part)
		if err != nil {
			return nil, err
		}
		files, err := Files(text, c)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{Addressee: o.addressee, Area: o.area, Files: files})
	}
	slices.SortFunc(parts, func(a, b Part) int { return strings.Compare(a.Folder(), b.Folder()) })
	return parts, nil
}
