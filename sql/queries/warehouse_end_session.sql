-- name: end_session
-- title: Kill the query that keeps the embedded engine open
-- The engine's local session has no user name.
KILL QUERY WHERE user = '' ASYNC
