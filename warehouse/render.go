package warehouse

import (
	"fmt"
	"strings"
	"text/template"

	ohsql "ohwatch/sql"
)

// Render fills the places in double braces of an SQL text that depend on where it runs. On a single server and
// on a cluster named city these are:
//
//	{{table "x"}}                        x                    | x_local
//	{{on_cluster}}                                            | ON CLUSTER city
//	{{engine "MergeTree"}}               MergeTree            | ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')
//	{{engine "ReplacingMergeTree(v)"}}   ReplacingMergeTree(v)| ReplicatedReplacingMergeTree('…', '{replica}', v)
//	{{everywhere "MergeTree"}}           MergeTree            | as engine, but each server holds all rows
//	{{distributed "x" "cityHash64(k)"}}                       | CREATE TABLE IF NOT EXISTS x … AS x_local ENGINE = Distributed(…, cityHash64(k));
//	{{ident .Name}}                      the name between back quotes, escaped
//	{{literal .Text}}                    the text between quotes, escaped, where ClickHouse takes no bound value
//
// values are the fields that the text names as {{.Field}}; a missing one is an error.
func (db *DB) Render(text string, values map[string]any) (string, error) {
	return render(text, db.cfg.Cluster, values)
}

func render(text, cluster string, values map[string]any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	onCluster := func() string {
		if cluster == "" {
			return ""
		}
		return "ON CLUSTER " + ident(cluster)
	}
	parsed, err := template.New("sql").Option("missingkey=error").Funcs(template.FuncMap{
		"ident":      ident,
		"literal":    literal,
		"on_cluster": onCluster,
		"table": func(name string) string {
			if cluster == "" {
				return name
			}
			return name + "_local"
		},
		"engine":     func(engine string) string { return replicated(engine, cluster, "{shard}") },
		"everywhere": func(engine string) string { return replicated(engine, cluster, "all") },
		"distributed": func(name, key string) string {
			if cluster == "" {
				return ""
			}
			return fmt.Sprintf("CREATE TABLE IF NOT EXISTS %[1]s %[2]s AS %[1]s_local ENGINE = Distributed(%[3]s, currentDatabase(), '%[1]s_local', %[4]s);",
				name, onCluster(), ident(cluster), key)
		},
	}).Parse(text)
	if err != nil {
		return "", fmt.Errorf("read the template: %w", err)
	}
	var out strings.Builder
	if err := parsed.Execute(&out, values); err != nil {
		return "", fmt.Errorf("fill the template: %w", err)
	}
	return out.String(), nil
}

// replicated names the replicated form of a table engine; part is the piece of the path that tells shards apart.
func replicated(engine, cluster, part string) string {
	if cluster == "" {
		return engine
	}
	name, arguments, _ := strings.Cut(engine, "(")
	arguments = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(arguments), ")"))
	if arguments != "" {
		arguments = ", " + arguments
	}
	return fmt.Sprintf("Replicated%s('/clickhouse/tables/{uuid}/%s', '{replica}'%s)", strings.TrimSpace(name), part, arguments)
}

// ident writes a name as an identifier of ClickHouse.
func ident(name string) string {
	return "`" + strings.NewReplacer("\\", "\\\\", "`", "\\`").Replace(name) + "`"
}

// literal writes a text as a string of ClickHouse.
func literal(text string) string {
	return "'" + strings.NewReplacer("\\", "\\\\", "'", "\\'").Replace(text) + "'"
}

// render returns the text of sql/queries/name.sql for this server.
func (db *DB) render(name string, values map[string]any) (string, error) {
	text, err := ohsql.QueryFS(db.cfg.Files, name)
	if err != nil {
		return "", err
	}
	filled, err := db.Render(text, values)
	return filled, doing(err, "query %s", name)
}

// queryText returns the text of an embedded query that is the same everywhere.
func queryText(name string) (string, error) { return ohsql.Query(name) }
