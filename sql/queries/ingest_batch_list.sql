-- title: Batches, the newest first
SELECT
    batch, max(state) AS state, any(stream) AS stream, anyIf(file, file != '') AS file, anyIf(sheet, sheet != '') AS sheet, toString(any(sha256)) AS sha256,
    max(bytes) AS bytes, any(sender) AS sender, min(received_at) AS received_at, max(at) AS at, any(mapping) AS mapping,
    any(contract) AS contract, any(encoding) AS encoding, max(header_row) AS header_row,
    argMax(unknown_headers, state) AS unknown_headers, argMax(hidden_sheets, state) AS hidden_sheets,
    max(n_read) AS n_read, max(n_loaded) AS n_loaded, max(n_corrected) AS n_corrected, max(n_voided) AS n_voided,
    max(n_unchanged) AS n_unchanged, max(n_rejected) AS n_rejected, max(n_warned) AS n_warned, max(n_bad_cells) AS n_bad_cells, max(n_bad_bytes) AS n_bad_bytes, max(n_bad_cells) AS n_bad_cells, max(n_bad_bytes) AS n_bad_bytes,
    argMax(by, state) AS by, argMax(reason, state) AS reason
FROM ops_batch
WHERE {batch:UInt64} = 0 OR batch = {batch:UInt64}
GROUP BY batch
ORDER BY batch DESC
LIMIT {limit:UInt64}
SETTINGS prefer_column_name_to_alias = 1
