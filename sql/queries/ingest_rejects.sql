-- title: Rejected rows of a batch with the reasons
SELECT sheet, row, field, `column`, value, code, args, sealed
FROM ops_finding
WHERE batch = {batch:UInt64} AND severity = 'reject'
ORDER BY sheet, row, key_hash, code, field
