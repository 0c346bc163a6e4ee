-- name: outbox_loads
-- title: How many times rows came into the warehouse or were taken out: another number says that something was loaded
SELECT count() FROM ops_batch WHERE state IN ('published', 'reverted')
