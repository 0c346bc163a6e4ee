package ingest

import (
	"fmt"
	"slices"
)

// Refusal says why a file was not read at all. Its code is also the key of a sentence in the catalogue,
// behind "ingest."; a code that has several sentences names the one with its argument kind.
type Refusal struct {
	Code   string
	Args   map[string]any
	Member string // file in an archive that is meant; empty for the file itself
	Err    error  // what was found, for the log; may be nil. Not unwrapped: a file that breaks off must not look like its end
}

// Message returns the key of the sentence for a person and what it needs.
func (r *Refusal) Message() (key string, args map[string]any) {
	key = "ingest." + r.Code
	if kind, ok := r.Args["kind"].(string); ok {
		key += "_" + kind
	}
	return key, r.Args
}

func (r *Refusal) Error() string {
	if r.Err != nil {
		return fmt.Sprintf("file refused (%s): %v", r.Code, r.Err)
	}
	return fmt.Sprintf("file refused (%s)", r.Code)
}

// passable reports whether a sheet or a file in an archive that is refused so may be left out, and named,
// while the others are loaded: it is no table of ours, and nothing of a table is lost with it.
func (r *Refusal) passable() bool {
	return slices.Contains([]string{"no_header", "ambiguous_stream", "not_a_table", "empty_file"}, r.Code)
}

// refuse returns a refusal; pairs are names and values for its sentence.
func refuse(code string, err error, pairs ...any) *Refusal {
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	return &Refusal{Code: code, Args: args, Err: err}
}

// cellName is the name of a cell as a spreadsheet shows it, such as C5 or Sheet1!C5. column counts from 0.
func cellName(sheet string, row uint32, column int) string {
	name := fmt.Sprintf("%s%d", columnLetters(column), row)
	if sheet != "" {
		name = sheet + "!" + name
	}
	return name
}

// columnLetters is the name of a column, counted from 0: A, B, … Z, AA.
func columnLetters(column int) string {
	var b []byte
	for n := column + 1; n > 0; n = (n - 1) / 26 {
		b = append(b, byte('A'+(n-1)%26))
	}
	slices.Reverse(b)
	return string(b)
}
