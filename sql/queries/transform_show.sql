-- name: transform_show
-- title: Show a table under its name where a run works; of a part, only the rows whose value was touched
CREATE OR REPLACE VIEW {{ident .Table}} {{on_cluster}} AS
SELECT * FROM {{ident .Database}}.{{ident .From}}
{{- if .Touched}}
WHERE {{.Value}} IN (SELECT value FROM {{ident .Touched}})
{{- end}}
