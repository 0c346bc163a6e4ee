-- title: Receipts of files that wait to be loaded, those received first first
SELECT receipt
FROM ops_receipt
GROUP BY receipt
HAVING argMax(state, at) = 'waiting'
ORDER BY min(received_at), receipt
