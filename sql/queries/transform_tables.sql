-- name: transform_tables
-- title: Tables of the current database with their comments, in which models keep their signatures
SELECT name, comment FROM system.tables WHERE database = currentDatabase()
