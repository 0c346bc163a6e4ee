package simulate

import (
	"context"
	"testing"
)

func TestRun(t *testing.T) {
	s, err := Run(context.Background(), Options{Out: t.TempDir(), Seed: 1, Scale: 0.05})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", s)
}
