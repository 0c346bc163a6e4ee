-- name: reports_tables
-- title: Models that exist: none before the first transform
SELECT name FROM system.tables WHERE database = currentDatabase() AND has({names:Array(String)}, name) ORDER BY name
