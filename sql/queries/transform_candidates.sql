-- name: transform_candidates
-- title: Candidates of a rule, most important first
{{if .Check}}EXPLAIN {{end}}SELECT
    object_kind::String AS object_kind, object::String AS object, object_name::String AS object_name, area::String AS area,
    severity::String AS severity, cause::String AS cause, toFloat64(score) AS score, args::Map(String, String) AS args,
    evidence::Array(String) AS evidence, toUInt64(n_evidence) AS n_evidence
FROM
(
-- the rule
{{.Select}}
)
ORDER BY severity, score DESC, object, cause
