package ingest

import "fmt"

// Refusal says why a file was not read at all. Its code is also the key of a sentence in the catalogue,
// behind "ingest.".
type Refusal struct {
	Code string
	Args map[string]any
	Err  error // what was found, for the log; may be nil
}

// Message returns the key of the sentence for a person and what it needs.
func (r *Refusal) Message() (key string, args map[string]any) { return "ingest." + r.Code, r.Args }

func (r *Refusal) Error() string {
	if r.Err != nil {
		return fmt.Sprintf("file refused (%s): %v", r.Code, r.Err)
	}
	return fmt.Sprintf("file refused (%s)", r.Code)
}

func (r *Refusal) Unwrap() error { return r.Err }

// refuse returns a refusal; pairs are names and values for its sentence.
func refuse(code string, err error, pairs ...any) *Refusal {
	args := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		args[pairs[i].(string)] = pairs[i+1]
	}
	return &Refusal{Code: code, Args: args, Err: err}
}
