-- title: Measure the accepted rows of batches: filled fields, matched words, days, values of key columns
-- The template names the table of the stream and, from its contract, the columns. Voids are left out. Each part reads
-- only the columns that it counts.
INSERT INTO ops_measure (batch, stream, kind, field, value, n)
SELECT batch, {stream:String}, kind, field, value, n
FROM
(
    SELECT batch, 'filled' AS kind, pair.1 AS field, '' AS value, toUInt64(pair.2) AS n
    FROM
    (
        SELECT batch, sumForEach([toUInt64(0){{range .Fields}}, toUInt64({{range $i, $c := .Columns}}{{if $i}} OR {{end}}
            {{- if eq $c.Class "text"}}{{ident $c.Name}} != ''
            {{- else if eq $c.Class "list"}}notEmpty({{ident $c.Name}})
            {{- else if eq $c.Class "nullable"}}isNotNull({{ident $c.Name}})
            {{- else}}true{{end}}{{end}}){{end}}]) AS filled
        FROM {{ident .Table}}
        WHERE batch IN {batches:Array(UInt64)} AND op != 'void'
        GROUP BY batch
    )
    ARRAY JOIN arrayZip([''{{range .Fields}}, {{literal .Name}}{{end}}], filled) AS pair
    WHERE pair.1 != ''
{{range .Matches}}
    UNION ALL
    SELECT batch, if(is_open, 'open', 'matched'), {{literal .Name}}, '', toUInt64(count())
    FROM
    (
        SELECT batch,
            {{if eq .Class "word"}}{{ident .Code}} = '' AS is_open, {{ident .Code}} != '' OR {{ident .Text}} != '' AS is_given
            {{- else if eq .Class "list"}}notEmpty({{ident .Text}}) AS is_open, true AS is_given
            {{- else}}{{ident .Code}} NOT IN
            (
                SELECT employer_key FROM raw_employer
                WHERE batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published')
            ) AS is_open, {{ident .Code}} != '' AS is_given{{end}}
        FROM {{ident $.Table}}
        WHERE batch IN {batches:Array(UInt64)} AND op != 'void'
    )
    WHERE is_given
    GROUP BY batch, is_open
{{end}}{{range .Days}}
    UNION ALL
    SELECT batch, {{literal .Kind}}, {{literal .Name}}, toString({{ident .Column}}), toUInt64(count())
    FROM {{ident $.Table}}
    WHERE batch IN {batches:Array(UInt64)} AND op != 'void'{{if .Nullable}} AND isNotNull({{ident .Column}}){{end}}
    GROUP BY batch, {{ident .Column}}
{{end}}{{range .Values}}
    UNION ALL
    SELECT batch, 'value', {{literal .Name}}, bin, toUInt64(n)
    FROM
    (
        SELECT batch, {{if .Number}}if({{ident .Column}} > 0, toString(exp2(floor(log2({{ident .Column}})))), '0'){{else}}toString({{ident .Column}}){{end}} AS bin, count() AS n
        FROM {{ident $.Table}}
        WHERE batch IN {batches:Array(UInt64)} AND op != 'void'
        GROUP BY batch, bin
        ORDER BY n DESC, bin
        LIMIT 50 BY batch
    )
{{end}}
)
