-- name: transform_history
-- title: The events of one warning, oldest first
SELECT at, event::String AS event, week::String AS week, severity::String AS severity, outcome::String AS outcome, owner, due, level, knowable,
    attachments, by::String AS by, comment
FROM wrn_event
WHERE id = {id:String}
ORDER BY at, event
