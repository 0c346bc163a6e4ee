-- name: transform_batch_signatures
-- title: What the streams held when the models in use were made, in the form of transform_sources
SELECT concat('raw_', stream) AS name, toString(cityHash64(arraySort(groupArray((batch, published_at))))) AS signature
FROM stg_batch
GROUP BY stream
