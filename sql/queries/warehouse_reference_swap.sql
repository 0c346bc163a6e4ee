-- name: reference_swap
-- title: Put a loaded reference table in its place
EXCHANGE TABLES {{ident .Aside}} AND {{ident .Table}} {{on_cluster}}
