-- title: Shifts of distributions, the greatest first, with the sender's heading of the column
SELECT x.sender AS sender, x.stream AS stream, x.month AS month, x.field AS field, if(h.heading = '', x.field, h.heading) AS heading,
    x.n_now AS n_now, x.n_before AS n_before, x.psi AS psi, x.moved_value AS moved_value, x.share_before AS share_before, x.share_now AS share_now
FROM fct_drift AS x
LEFT JOIN
(
    SELECT sender, stream, field, argMax(heading, batch) AS heading
    FROM fct_delivery
    ARRAY JOIN headings AS heading, heading_fields AS field
    WHERE field != ''
    GROUP BY sender, stream, field
) AS h ON h.sender = x.sender AND h.stream = x.stream AND h.field = x.field
WHERE x.month BETWEEN {from:String} AND {to:String} AND x.psi >= {least:Float64}
    AND ({sender:String} = '' OR x.sender = {sender:String}) AND ({stream:String} = '' OR x.stream = {stream:String})
ORDER BY psi DESC, sender, stream, month, field
