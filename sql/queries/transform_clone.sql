-- name: transform_clone
-- title: A second table with the same parts on disk
CREATE TABLE {{ident .Aside}} CLONE AS {{ident .Database}}.{{ident .Table}}
