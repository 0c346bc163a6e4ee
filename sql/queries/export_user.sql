-- name: export_user
-- title: Who is asking
SELECT currentUser()
