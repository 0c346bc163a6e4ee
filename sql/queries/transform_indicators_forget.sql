-- name: transform_indicators_forget
-- title: Take the values of indicators out that are computed anew, or are no more; of some only those of the periods noted
DELETE FROM {{ident .Table}}
WHERE has({indicators:Array(String)}, indicator)
{{- if .Periods}}
    OR (indicator::String, toString(period_kind), period::String) IN (SELECT indicator, period_kind, period FROM {{ident .Database}}.{{ident .Periods}})
{{- end}}
