-- name: append
-- title: Append to columns of a table
INSERT INTO {{ident .Table}} ({{range $i, $name := .Columns}}{{if $i}}, {{end}}{{ident $name}}{{end}})
