-- title: Whether the current database has a table
SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name = {table:String}
