-- name: transform_take
-- title: Put the new rows with a changed value of the key in
INSERT INTO {{ident .Table}}
SELECT * FROM {{ident .From}} WHERE {{ident .Key}} IN (SELECT {{ident .Key}} FROM {{ident .Changed}})
