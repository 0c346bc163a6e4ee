-- name: export_rows
-- title: Rows of a table for an export
SELECT *
FROM {{ident .Table}}
{{if .Condition}}WHERE (
{{.Condition}}
)
{{end}}{{if .Order}}ORDER BY {{.Order}}
{{end}}
