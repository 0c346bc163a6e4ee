-- name: export_indicator
-- title: Values of an indicator for an export
SELECT *
FROM ind_value
WHERE indicator = {indicator:String}
{{if .Condition}}AND (
{{.Condition}}
)
{{end}}ORDER BY indicator, variant, period_kind, period, dim, dim_value
