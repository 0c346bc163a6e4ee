-- name: transform_touched
-- title: Values of a key whose rows may have to change, but for rows that another key has brought up to date
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY tuple()
AS
SELECT DISTINCT value
FROM
(
{{- range $n, $change := .Changes}}
    {{if $n}}UNION ALL {{end}}SELECT {{$change.Value}} AS value FROM {{ident $change.Table}}
{{- range $k, $done := $change.Done}}
    {{if $k}}AND{{else}}WHERE{{end}} {{$done.Value}} NOT IN (SELECT value FROM {{ident $done.Table}})
{{- end}}
{{- end}}
)
