-- name: emission_find
-- title: What was emitted for a week
SELECT document FROM wrn_emission WHERE week = {week:String} ORDER BY at, sha256 LIMIT 1
