-- title: Receipts as they stand, those received first first
-- receipt, sender: only those; empty: all. newest: the newest ones first
SELECT receipt, at, toString(state) AS state, source::String AS source, sender, stream::String AS stream, name, place, toString(sha256) AS sha256,
    bytes, modified_at, received_at, batches, results, code::String AS code, args, attempts
FROM
(
    SELECT * FROM ops_receipt
    WHERE ({receipt:String} = '' OR receipt = {receipt:String}) AND ({sender:String} = '' OR sender = {sender:String})
    ORDER BY receipt, at DESC
    LIMIT 1 BY receipt
)
ORDER BY if({newest:Bool}, -toInt64(toUnixTimestamp64Milli(received_at)), toInt64(toUnixTimestamp64Milli(received_at))), receipt
LIMIT {limit:UInt64}
SETTINGS prefer_column_name_to_alias = 1
