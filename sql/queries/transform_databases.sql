-- name: transform_databases
-- title: Databases whose name begins with a prefix
SELECT name FROM system.databases WHERE startsWith(name, {prefix:String}) ORDER BY name
