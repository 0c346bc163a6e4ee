-- title: Latest version of the profiles of the senders that were not removed
-- sender: one of them; empty: all
SELECT sender, at, contact, toString(unexpected) AS unexpected, encoding::String AS encoding, streams::Array(String) AS streams,
    cadences::Array(String) AS cadences, due_days, mappings, since, by::String AS by
FROM
(
    SELECT * FROM ops_sender
    WHERE {sender:String} = '' OR sender = {sender:String}
    ORDER BY sender, at DESC
    LIMIT 1 BY sender
)
WHERE state = 'active'
ORDER BY sender
SETTINGS prefer_column_name_to_alias = 1
