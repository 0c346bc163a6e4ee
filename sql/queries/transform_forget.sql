-- name: transform_forget
-- title: Take the rows with a changed value of the key out
DELETE FROM {{ident .Table}} WHERE {{ident .Key}} IN (SELECT {{ident .Key}} FROM {{ident .Changed}})
