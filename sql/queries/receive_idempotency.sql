-- title: Receipt for which a sender has used an Idempotency-Key
SELECT receipt
FROM ops_receipt
WHERE sender = {sender:String} AND idempotency = {key:String}
ORDER BY at
LIMIT 1
