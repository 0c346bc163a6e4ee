-- name: transform_build
-- title: Make a table out of a model, beside the one in use
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine .Engine}}
ORDER BY ({{.Order}})
COMMENT {{literal .Comment}}
AS
{{.Select}}
