-- title: Shifts of distributions, the greatest first
SELECT sender, stream, month, field, n_now, n_before, psi, moved_value, share_before, share_now
FROM fct_drift
WHERE month BETWEEN {from:String} AND {to:String} AND psi >= {least:Float64}
    AND ({sender:String} = '' OR sender = {sender:String}) AND ({stream:String} = '' OR stream = {stream:String})
ORDER BY psi DESC, sender, stream, month, field
