-- title: Tokens that are valid
-- sender, token: of one sender, one token; empty: all
SELECT t.token AS token, any(t.sender) AS sender, min(t.at) AS issued, toString(any(t.sha256)) AS sha256
FROM ops_token AS t
WHERE ({sender:String} = '' OR t.sender = {sender:String}) AND ({token:String} = '' OR t.token = {token:String})
GROUP BY t.token
HAVING max(t.state) = 'issued'
ORDER BY sender, issued, token
