-- name: export_table
-- title: Sorting key of a table of the current database
SELECT sorting_key FROM system.tables WHERE database = {database:String} AND name = {table:String}
