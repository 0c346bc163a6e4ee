-- title: Record an act that somebody has to answer for
INSERT INTO ops_audit (at, by, action, object, reason, detail, outcome)
SELECT now64(3, 'UTC'), {by:String}, {action:String}, {object:String}, {reason:String}, {detail:String}, 'done'
