-- name: export_sender
-- title: Rows of a stream as a sender's file
-- Each column is written so that reading it gives what stands in the warehouse; the forms are those of
-- ingest.SenderForm.
SELECT
{{range $i, $c := .Columns}}{{if $i}},
{{end}}    {{if eq $c.Kind "withheld"}}'（已脱敏）'
{{- else if eq $c.Kind "code"}}transform(toString({{ident $c.From}}), {{template "list" $c.Codes}}, {{template "list" $c.Words}}, toString({{ident $c.From}}))
{{- else if eq $c.Kind "date"}}ifNull(toString({{ident $c.From}}), '')
{{- else if eq $c.Kind "date_or_month"}}ifNull(if({{ident $c.With}}, substring(toString({{ident $c.From}}), 1, 7), toString({{ident $c.From}})), '')
{{- else if eq $c.Kind "month"}}ifNull(substring(toString({{ident $c.From}}), 1, 7), '')
{{- else if eq $c.Kind "bool"}}if(isNull({{ident $c.From}}), '', if(assumeNotNull({{ident $c.From}}), '是', '否'))
{{- else if eq $c.Kind "measure"}}multiIf({{ident $c.With}} = 'nd', '未检出', {{ident $c.With}} = 'lt', ifNull(concat('<', toString({{ident $c.From}})), '<MDL'), ifNull(toString({{ident $c.From}}), ''))
{{- else if eq $c.Kind "as_sent"}}if({{ident $c.With}} != '', toString({{ident $c.With}}), toString({{ident $c.From}}))
{{- else if eq $c.Kind "words"}}arrayStringConcat({{ident $c.From}}, ';')
{{- else if eq $c.Kind "hazards"}}arrayStringConcat(arrayConcat(arrayMap(h -> transform(toString(h), {{template "list" $c.Codes}}, {{template "list" $c.Words}}, toString(h)), {{ident $c.From}}), {{ident $c.With}}), ';')
{{- else if eq $c.Kind "hazards_alone"}}arrayStringConcat(if(empty({{ident $c.From}}), {{ident $c.With}}, arrayMap(h -> transform(toString(h), {{template "list" $c.Codes}}, {{template "list" $c.Words}}, toString(h)), {{ident $c.From}})), ';')
{{- else if eq $c.Kind "person"}}ifNull(concat({{literal $c.Mark}}, toString({{ident $c.From}})), '')
{{- else if eq $c.Kind "persons"}}arrayStringConcat(arrayMap(p -> concat({{literal $c.Mark}}, toString(p)), {{ident $c.From}}), ';')
{{- else if eq $c.Kind "employer_code"}}multiIf(startsWith({{ident $c.From}}, 'name:'), '', startsWith({{ident $c.From}}, 'code:'), substring({{ident $c.From}}, 6), toString({{ident $c.From}}))
{{- else if eq $c.Kind "using_code"}}if({{ident $c.From}} = {{ident $c.With}} OR startsWith({{ident $c.From}}, 'name:'), '', toString({{ident $c.From}}))
{{- else if eq $c.Kind "using_name"}}if({{ident $c.From}} != {{ident $c.With}} AND startsWith({{ident $c.From}}, 'name:'), substring({{ident $c.From}}, 6), '')
{{- else if eq $c.Kind "years"}}ifNull(toString(intDiv({{ident $c.From}}, 12)), '')
{{- else if eq $c.Kind "months"}}ifNull(toString({{ident $c.From}} % 12), '')
{{- else if eq $c.Kind "packed_codes"}}if(length({{ident $c.From}}) = 1 AND {{ident $c.From}}[1] = '', '', arrayStringConcat(arrayMap((h, w) -> concat(h, if(h = '', '', '_'), transform(toString(w), {{template "list" $c.Codes}}, {{template "list" $c.Words}}, toString(w))), {{ident $c.From}}, {{ident $c.With}}), ';'))
{{- else if eq $c.Kind "packed"}}arrayStringConcat(arrayFilter(t -> t != '', arrayMap((h, t) -> if(t = '', '', concat(h, if(h = '', '', '_'), t)), {{ident $c.From}}, arrayResize({{ident $c.With}}, length({{ident $c.From}})))), ';')
{{- else}}ifNull(toString({{ident $c.From}}), '')
{{- end}} AS {{ident $c.Heading}}
{{- end}}
FROM {{ident .Table}}
{{if .Condition}}WHERE (
{{.Condition}}
)
{{end}}{{if .Order}}ORDER BY {{.Order}}
{{end}}{{define "list"}}[{{range $i, $x := .}}{{if $i}}, {{end}}{{literal $x}}{{end}}]{{end}}
