-- name: transform_touched_periods
-- title: Note the periods in which the values of an indicator can have changed: those that hold a touched day, of a state those that
--   are read on one
INSERT INTO {{ident .Table}}
{{- if .State}}
SELECT DISTINCT {{literal .Indicator}}, period_kind, period FROM dim_period WHERE as_of_date IN (SELECT toDate32(value) FROM {{ident .Touched}})
{{- else}}
SELECT DISTINCT {{literal .Indicator}}, period_kind, period FROM dim_day WHERE day IN (SELECT toDate32(value) FROM {{ident .Touched}})
{{- end}}
