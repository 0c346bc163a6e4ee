-- title: How often each code of one column stands in the rows of a stream
SELECT {{if .List}}arrayJoin({{ident .Column}}){{else}}{{ident .Column}}{{end}}::String AS code, count() AS n_rows
FROM {{ident .Table}}
WHERE batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published')
GROUP BY code
HAVING NOT startsWith(code, 'name:') AND code != ''
ORDER BY code
