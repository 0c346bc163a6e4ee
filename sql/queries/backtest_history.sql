-- name: backtest_history
-- title: How many batches are taken as known by the dates in them, and how many rows all of them loaded
SELECT countIf(is_history), sumIf(n_loaded, state = 'published') FROM known_batch
