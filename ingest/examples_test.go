package ingest

import (
	"path/filepath"
	"strings"
	"testing"
)

// Each file of examples/streams is known by its headings as the stream that it is named after, and loads whole
// without a warning.
func TestLoad_ExamplesOfStreams(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "examples", "streams", "*.csv"))
	if err != nil || len(paths) < 11 {
		t.Fatalf("%d examples, %v", len(paths), err)
	}
	d := newDesk(t)
	for _, r := range d.load(Config{}, paths...) {
		stream := strings.TrimSuffix(filepath.Base(r.File), ".csv")
		if r.Refusal != nil || r.Stream != stream || r.Rejected > 0 || r.Loaded == 0 || r.Loaded != r.Read || len(r.UnknownHeaders) > 0 {
			t.Errorf("%s: %+v %q", stream, r, d.findings(r.Batch))
		}
		for _, f := range d.findings(r.Batch) {
			if strings.HasPrefix(f, "warn") && !strings.Contains(f, "employer_discovered") {
				t.Errorf("%s: %s", stream, f)
			}
		}
	}
}
