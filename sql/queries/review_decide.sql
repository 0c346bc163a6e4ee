-- title: Record a decision on a name
INSERT INTO ops_alias (id, at, kind, sender, name, action, code, by, reason)
SELECT {id:UInt64}, now64(3, 'UTC'), {kind:String}, {sender:String}, {name:String}, {action:String}, {code:String}, {by:String}, {reason:String}
