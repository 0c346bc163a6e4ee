-- name: transform_comment
-- title: Note on a table of what it was made
ALTER TABLE {{ident .Table}} {{on_cluster}} MODIFY COMMENT {{literal .Comment}}
