-- name: backtest_next
-- title: The number of the next back-test
SELECT max(run) + 1 FROM wrn_backtest
