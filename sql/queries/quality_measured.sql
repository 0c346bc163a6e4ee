-- title: Note how many rows measured batches hold
-- The template names the table of the stream.
INSERT INTO ops_measure (batch, stream, kind, field, value, n)
SELECT batch, {stream:String}, 'rows', '', '', toUInt64(n)
FROM (SELECT arrayJoin({batches:Array(UInt64)}) AS batch) AS measured
LEFT JOIN
(
    SELECT batch, count() AS n FROM {{ident .Table}} WHERE batch IN {batches:Array(UInt64)} AND op != 'void' GROUP BY batch
) AS counted USING batch
