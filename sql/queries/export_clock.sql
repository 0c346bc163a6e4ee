-- name: export_clock
-- title: The engine's clock
SELECT now64(3, 'UTC')
