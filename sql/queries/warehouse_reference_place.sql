-- name: reference_place
-- title: Put a loaded reference table where there was none
RENAME TABLE {{ident .Aside}} TO {{ident .Table}} {{on_cluster}}
