-- name: transform_link
-- title: Show a table of another database under the same name
CREATE VIEW {{ident .Table}} AS SELECT * FROM {{ident .Database}}.{{ident .Table}}
