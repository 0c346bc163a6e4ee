-- name: transform_indicators_forget
-- title: Take the values of indicators out that are computed anew, or are no more
DELETE FROM {{ident .Table}} WHERE has({indicators:Array(String)}, indicator)
