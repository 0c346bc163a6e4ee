-- name: transform_like
-- title: Make an empty table like another one
CREATE TABLE {{ident .Aside}} {{on_cluster}} AS {{ident .Database}}.{{ident .Table}}
