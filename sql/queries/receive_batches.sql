-- title: Published batches of a receipt
-- They carry the sender, the bytes and the received instant of the receipt.
SELECT batch
FROM ops_batch
WHERE sender = {sender:String} AND sha256 = {sha256:String} AND received_at = {received:DateTime64(3, 'UTC')}
GROUP BY batch
HAVING max(state) = 'published'
ORDER BY batch
