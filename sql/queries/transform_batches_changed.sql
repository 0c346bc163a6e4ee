-- name: transform_batches_changed
-- title: Batches that count now and did not, or the other way round, or were published again
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY (stream, batch)
AS
SELECT DISTINCT stream, batch
FROM
(
    SELECT stream::String AS stream, batch, published_at
    FROM
    (
        SELECT stream, batch, published_at FROM {{ident .Database}}.stg_batch
        UNION ALL
        SELECT stream, batch, published_at FROM {{ident .New}}
    )
    GROUP BY stream, batch, published_at
    HAVING count() = 1
)
