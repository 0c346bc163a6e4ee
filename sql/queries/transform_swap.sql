-- name: transform_swap
-- title: Put a table that was made aside in the place of the one in use
EXCHANGE TABLES {{ident .Work}}.{{ident .Aside}} AND {{ident .Table}} {{on_cluster}}
