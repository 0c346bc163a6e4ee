-- name: info
-- title: Version, time zone and start of the server
SELECT version(), timezone(), now() - toIntervalSecond(uptime())
