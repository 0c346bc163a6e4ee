-- name: fresh_models
-- title: 有效批次均已计入 | Every batch that counts is in the models
-- The batches from which the models were made are those that the log says count, and the periods reach today. A batch whose
-- state changed in the last six hours may have done so while the models were made; the next transform sees to it.
SELECT offender
FROM
(
    SELECT concat('batch ', toString(batch), ' of ', stream, if(n = 1, ' counts and is not in the models', ' is in the models and does not count')) AS offender
    FROM
    (
        SELECT batch, any(stream) AS stream, sum(place) AS n
        FROM
        (
            SELECT batch, argMax(stream, (at, state))::String AS stream, 1 AS place
            FROM ops_batch
            WHERE at <= {as_of:DateTime64(3, 'UTC')}
            GROUP BY batch
            HAVING argMax(state, (at, state)) = 'published'
            UNION ALL
            SELECT batch, stream::String, 2 FROM stg_batch
        )
        WHERE batch NOT IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(at) > now64(3) - INTERVAL 6 HOUR)
        GROUP BY batch
        HAVING n != 3
    )
    UNION ALL
    SELECT concat('the last period is read on ', toString(max(as_of_date)), ', today is ', toString({today:Date32})) AS offender
    FROM dim_period
    HAVING max(as_of_date) != {today:Date32}
)
ORDER BY offender
