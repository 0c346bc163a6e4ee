-- title: Receipts of files that came from a source
SELECT DISTINCT receipt
FROM ops_receipt
WHERE source = {source:String}
ORDER BY receipt
