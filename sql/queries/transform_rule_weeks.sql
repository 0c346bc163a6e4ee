-- name: transform_rule_weeks
-- title: Of each version of each rule the first week for which it was evaluated
SELECT rule::String AS rule, version::String AS version, min(week::String) AS week
FROM wrn_rule
GROUP BY rule, version
