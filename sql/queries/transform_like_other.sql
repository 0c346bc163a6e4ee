-- name: transform_like_other
-- title: Make an empty table like one of another database
CREATE TABLE {{ident .Table}} AS {{ident .Database}}.{{ident .Table}}
