package warehouse

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2"

	"ohwatch/internal/message"
)

func TestError_SentencesNameTheirArguments(t *testing.T) {
	arguments := map[*Error][]string{
		ErrNoLibrary: nil, ErrDSN: nil,
		ErrPortInUse: {"port"}, ErrDataDir: {"dir"}, ErrDataDirBusy: {"dir"}, ErrDiskFull: {"dir"},
		ErrEngineFailed: {"log", "detail"}, ErrEngineStopped: {"log"},
		ErrUnreachable: {"address"}, ErrAccess: {"address", "user"},
		ErrSchemaOutdated: {"pending"}, ErrSchemaNewer: {"version"},
		ErrMigrationChanged: {"file"}, ErrMigrationLocked: {"owner"},
	}
	catalogue, err := message.Load()
	if err != nil {
		t.Fatal(err)
	}
	for sentinel, names := range arguments {
		var pairs []string
		for _, name := range names {
			pairs = append(pairs, name, "<"+name+">")
		}
		cause := errors.New("the cause")
		filled := fmt.Errorf("open: %w", sentinel.with(cause, pairs...))
		if !errors.Is(filled, sentinel) || !errors.Is(filled, cause) {
			t.Errorf("%s: errors.Is does not find it", sentinel.Code)
		}
		text := filled.Error()
		if regexp.MustCompile(`[{}]`).MatchString(text) || strings.Contains(text, sentinel.Code) {
			t.Errorf("%s: not filled: %s", sentinel.Code, text)
		}
		for _, name := range names {
			if !strings.Contains(text, "<"+name+">") {
				t.Errorf("%s does not name its %s: %s", sentinel.Code, name, text)
			}
		}
		if entry, found := catalogue.Lookup(sentinel.Code); !found || entry.En != sentence(sentinel.Code) {
			t.Errorf("%s: the catalogue says %q, the package %q", sentinel.Code, entry.En, sentence(sentinel.Code))
		}
		for other := range arguments {
			if other != sentinel && errors.Is(filled, other) {
				t.Errorf("%s is taken for %s", sentinel.Code, other.Code)
			}
		}
	}
}

func TestExplain(t *testing.T) {
	db := &DB{server: clickhouse.Options{Addr: []string{"db.example:9000"}, Auth: clickhouse.Auth{Username: "city"}}}
	refused := db.explain(t.Context(), fmt.Errorf("handshake: %w", &clickhouse.Exception{Code: codeAuthentication, Message: "no"}))
	if !errors.Is(refused, ErrAccess) || !strings.Contains(refused.Error(), "city") || !strings.Contains(refused.Error(), "db.example:9000") {
		t.Errorf("a refused log-in is explained as %v", refused)
	}
	broken := &clickhouse.Exception{Code: 62, Message: "Syntax error"}
	if err := db.explain(t.Context(), broken); err != error(broken) {
		t.Errorf("an error of the query became %v", err)
	}
	if err := db.explain(t.Context(), nil); err != nil {
		t.Errorf("nothing became %v", err)
	}
}
