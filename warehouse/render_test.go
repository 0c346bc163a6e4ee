package warehouse

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestRender(t *testing.T) {
	for _, c := range []struct{ text, single, cluster string }{
		{"SELECT {a:String}, map('k', 1)", "SELECT {a:String}, map('k', 1)", "SELECT {a:String}, map('k', 1)"},
		{`{{table "raw_exam"}}`, "raw_exam", "raw_exam_local"},
		{`{{on_cluster}}`, "", "ON CLUSTER `city`"},
		{`{{engine "MergeTree"}}`, "MergeTree", "ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')"},
		{`{{engine "MergeTree()"}}`, "MergeTree()", "ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')"},
		{
			`{{engine "ReplacingMergeTree(version, is_void)"}}`, "ReplacingMergeTree(version, is_void)",
			"ReplicatedReplacingMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}', version, is_void)",
		},
		{`{{everywhere "MergeTree"}}`, "MergeTree", "ReplicatedMergeTree('/clickhouse/tables/{uuid}/all', '{replica}')"},
		{
			`{{distributed "raw_exam" "cityHash64(employer_key)"}}`, "",
			"CREATE TABLE IF NOT EXISTS raw_exam ON CLUSTER `city` AS raw_exam_local ENGINE = Distributed(`city`, currentDatabase(), 'raw_exam_local', cityHash64(employer_key));",
		},
	} {
		for cluster, want := range map[string]string{"": c.single, "city": c.cluster} {
			got, err := render(c.text, cluster, nil)
			if err != nil || got != want {
				t.Errorf("%s on cluster %q:\n%s, %v\nwant\n%s", c.text, cluster, got, err, want)
			}
		}
	}
	for _, bad := range []string{"{{.Missing}}", "{{nonsense}}", "{{"} {
		if got, err := render(bad, "", nil); err == nil {
			t.Errorf("%s became %s", bad, got)
		}
	}
}

func TestRender_QuotesCannotBeLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("a`'\\;-\n中"))).Draw(t, "text")
		for quote, quoted := range map[string]string{"`": ident(text), "'": literal(text)} {
			inner := strings.TrimSuffix(strings.TrimPrefix(quoted, quote), quote)
			for i := 0; i < len(inner); i++ {
				if inner[i] == '\\' {
					i++ // escapes the next one
					if i == len(inner) {
						t.Fatalf("%s ends inside an escape", quoted)
					}
				} else if inner[i] == quote[0] {
					t.Fatalf("%s ends early", quoted)
				}
			}
		}
	})
}
