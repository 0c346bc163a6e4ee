-- title: Changes of headings
SELECT sender, stream, month, change, heading, heading_before, toUInt64(count()) AS n, max(batch) AS last_batch
FROM fct_heading_change
WHERE month BETWEEN {from:String} AND {to:String}
    AND ({sender:String} = '' OR sender = {sender:String}) AND ({stream:String} = '' OR stream = {stream:String})
GROUP BY sender, stream, month, change, heading, heading_before
ORDER BY month DESC, indexOf(['suspected', 'missing', 'renamed', 'new', 'moved'], change), sender, stream, heading, heading_before
