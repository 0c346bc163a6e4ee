-- name: outbox_payload
-- title: What a message says
SELECT payload FROM ops_outbox_payload WHERE sha256 = {sha256:String} LIMIT 1
