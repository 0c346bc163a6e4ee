-- name: backtest_list
-- title: Back-tests that are kept, the newest first
SELECT document FROM wrn_backtest WHERE {run:UInt64} IN (0, run) ORDER BY run DESC LIMIT {most:UInt64}
