-- name: transform_rename
-- title: Give a table that was made aside its name for the first time
RENAME TABLE {{ident .Work}}.{{ident .Aside}} TO {{ident .Table}} {{on_cluster}}
