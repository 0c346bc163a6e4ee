-- name: transform_reddened
-- title: When each warning was raised last: opened, reopened, or become red
SELECT id, max(at) AS at
FROM
(
    SELECT
        id::String AS id, at, event::String AS event, severity::String AS severity,
        lagInFrame(severity::String) OVER (PARTITION BY id ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS earlier
    FROM wrn_event
    WHERE event IN ('opened', 'reopened', 'seen_again')
)
WHERE event != 'seen_again' OR severity = 'red' AND earlier != 'red'
GROUP BY id
