-- title: Names of one column that no list has, among the present rows of a stream, by sender
-- For employers, the keys that are not on the roster; for institutions, those that are not on their list.
WITH batches AS
(
    SELECT batch, any(sender) AS sender, min(received_at) AS received_at
    FROM ops_batch
    GROUP BY batch
    HAVING max(state) = 'published'
),
rows AS
(
    SELECT {{if .List}}arrayJoin({{ident .Column}}){{else}}{{ident .Column}}{{end}}::String AS name, {{if .Label}}{{ident .Label}}::String{{else}}''{{end}} AS label,
        batch, key_hash, op, (version, batch, row) AS place
    FROM {{ident .Table}}
    WHERE batch IN (SELECT batch FROM batches)
        {{if .Listed}}AND name != '' AND name NOT IN
        (
            SELECT {{ident .Code}}::String FROM {{ident .Listed}}
            WHERE batch IN (SELECT batch FROM batches) AND NOT startsWith({{ident .Code}}::String, 'name:')
        )
        {{if .NeedsList}}AND (SELECT count() FROM {{ident .Listed}} WHERE batch IN (SELECT batch FROM batches)) > 0
        {{end}}{{if .Besides}}AND name != {{ident .Besides}}::String
        {{end}}{{else}}AND startsWith(name, 'name:'){{end}}
)
SELECT name, sender, max(label) AS label, count() AS n_rows, min(received_at) AS first_seen, max(received_at) AS last_seen
FROM rows
INNER JOIN batches ON batches.batch = rows.batch
WHERE op != 'void' AND (key_hash, place) IN
(
    SELECT key_hash, max((version, batch, row))
    FROM {{ident .Table}}
    WHERE key_hash IN (SELECT key_hash FROM rows) AND batch IN (SELECT batch FROM batches)
    GROUP BY key_hash
)
GROUP BY name, sender
ORDER BY n_rows DESC, name, sender
