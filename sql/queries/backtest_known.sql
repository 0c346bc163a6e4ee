-- name: backtest_known
-- title: Show the batches that were known at an instant, in the place of the log of batches
CREATE OR REPLACE VIEW ops_batch {{on_cluster}} AS
SELECT * EXCEPT is_history FROM {{ident .Table}} WHERE at <= toDateTime64({{literal .At}}, 3, 'UTC')
