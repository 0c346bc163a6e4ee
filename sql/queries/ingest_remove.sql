-- title: Remove the rows of batches that were given up
ALTER TABLE {{table .Table}} {{on_cluster}} DELETE WHERE batch IN ({{.Batches}}) SETTINGS mutations_sync = 1
