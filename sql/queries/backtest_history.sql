-- name: backtest_history
-- title: How many batches are taken as known by the dates in them
SELECT countIf(is_history) FROM known_batch
