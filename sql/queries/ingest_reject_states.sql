-- title: What became of the rejected rows of a stream
-- batch 0 stands for all batches of the stream. A reject is
--   withdrawn  when its batch was taken back, or the sender withdrew it
--   ignored    when somebody decided that it needs no mending, or it is no data: totals, a header in the middle (needless)
--   mended     when a later published batch loaded the row: it came back with its number, or has the same natural key
--   again      when the row was rejected once more in a later published batch, which carries it on
--   open       otherwise
WITH
    batches AS (SELECT batch, any(sender) AS sender, anyIf(file, file != '') AS file, max(state) AS state FROM ops_batch WHERE stream = {stream:String} GROUP BY batch),
    rejects AS
    (
        SELECT batch, row, any(ops_finding.sheet) AS sheet, max(key_hash) AS key_hash,
            min(code IN ('totals_row', 'repeated_header')) AS needless
        FROM ops_finding
        WHERE severity = 'reject' AND stream = {stream:String}
        GROUP BY batch, row
    ),
    decided AS
    (
        SELECT
            ops_reject.batch AS batch, ops_reject.row AS row,
            argMaxIf(ops_reject.state, at, ops_reject.state != 'returned') AS decision,
            groupArrayIf(by_batch, ops_reject.state = 'returned' AND by_batch IN (SELECT batch FROM batches WHERE state = 'published') AND target.row = 0) AS loaded_in,
            groupArrayIf(by_batch, ops_reject.state = 'returned' AND by_batch IN (SELECT batch FROM batches WHERE state = 'published') AND target.row != 0) AS faulty_in
        FROM ops_reject
        LEFT JOIN rejects AS target ON target.batch = by_batch AND target.row = by_row
        WHERE stream = {stream:String}
        GROUP BY batch, row
    ),
    again AS
    (
        SELECT key_hash, groupUniqArray(batch) AS in_batches
        FROM rejects
        WHERE key_hash != 0 AND batch IN (SELECT batch FROM batches WHERE state = 'published')
        GROUP BY key_hash
    ),
    loaded AS
    (
        SELECT key_hash, groupUniqArray(batch) AS in_batches
        FROM
        (
            SELECT key_hash, batch FROM {table:Identifier} WHERE key_hash IN (SELECT key_hash FROM rejects)
            UNION ALL
            SELECT key_hash, batch FROM ops_unchanged WHERE stream = {stream:String} AND key_hash IN (SELECT key_hash FROM rejects)
        )
        WHERE key_hash != 0 AND batch IN (SELECT batch FROM batches WHERE state = 'published')
        GROUP BY key_hash
    )
SELECT
    rejects.batch AS batch, rejects.row AS row, sheet, sender, file, needless,
    arraySort(arrayConcat(
        loaded_in,
        arrayFilter(b -> b > rejects.batch, loaded.in_batches))) AS mended_in,
    arrayReverseSort(arrayConcat(
        faulty_in,
        arrayFilter(b -> b > rejects.batch, again.in_batches))) AS again_in,
    multiIf(
        batches.state = 'reverted', 'withdrawn',
        decision IN ('withdrawn', 'ignored'), decision::String,
        notEmpty(mended_in), 'mended',
        needless, 'ignored',
        notEmpty(again_in), 'again',
        'open') AS state,
    multiIf(state = 'mended', mended_in[1], state = 'again', again_in[1], 0) AS by_batch
FROM rejects
INNER JOIN batches ON batches.batch = rejects.batch
LEFT JOIN decided ON decided.batch = rejects.batch AND decided.row = rejects.row
LEFT JOIN again ON again.key_hash = rejects.key_hash
LEFT JOIN loaded ON loaded.key_hash = rejects.key_hash
WHERE batches.state IN ('published', 'reverted')
    AND ({batch:UInt64} = 0 OR rejects.batch = {batch:UInt64})
    AND ({sender:String} = '' OR sender = {sender:String})
ORDER BY batch, sheet, row
SETTINGS prefer_column_name_to_alias = 0
