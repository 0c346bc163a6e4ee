-- title: Data-quality scores
-- sender, stream: only those; empty: all. from, to: first and last month of arrival, as 2025-07
SELECT sender, stream, month, measure, item, numerator, denominator, value, lower, upper, median_days
FROM fct_quality
WHERE month BETWEEN {from:String} AND {to:String}
    AND ({sender:String} = '' OR sender = {sender:String}) AND ({stream:String} = '' OR stream = {stream:String})
ORDER BY sender, stream, month, measure, item
