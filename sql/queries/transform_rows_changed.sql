-- name: transform_rows_changed
-- title: Loaded rows of the batches that changed
CREATE OR REPLACE VIEW {{ident .Table}} {{on_cluster}} AS
SELECT * FROM {{ident .Database}}.{{ident .From}}
WHERE batch IN (SELECT batch FROM {{ident .Batches}} WHERE stream = {{literal .Stream}})
