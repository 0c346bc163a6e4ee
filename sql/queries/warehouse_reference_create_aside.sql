-- name: reference_create_aside
-- title: Make the table that a reference list is loaded into
CREATE TABLE {{ident .Aside}} {{on_cluster}}
({{range $i, $name := .Columns}}{{if $i}},{{end}}
    {{ident $name}} String{{end}}
)
ENGINE = {{everywhere "MergeTree"}}
ORDER BY tuple()
COMMENT {{literal .List}}
