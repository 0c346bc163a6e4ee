-- name: transform_denominator
-- title: Type of the denominator that an indicator's query returns
DESCRIBE TABLE (SELECT denominator FROM ({{.Body}})) SETTINGS describe_compact_output = 1
