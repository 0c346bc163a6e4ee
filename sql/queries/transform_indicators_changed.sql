-- name: transform_indicators_changed
-- title: Values that were computed anew
CREATE OR REPLACE VIEW {{ident .Table}} {{on_cluster}} AS
SELECT * FROM {{ident .From}} WHERE indicator IN ({{range $n, $id := .Indicators}}{{if $n}}, {{end}}{{literal $id}}{{end}})
