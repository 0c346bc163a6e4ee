-- name: reports_find
-- title: The record of a report file by the SHA-256 of its bytes, and of the file that was written last under its name
SELECT written.name::String AS name, written.at AS written_at, written.detail AS detail, latest_detail
FROM
(
    SELECT name, at, detail
    FROM ops_run
    WHERE kind = 'report' AND state = 'done' AND JSONExtractString(detail, 'sha256') = {sha256:String}
    ORDER BY at DESC, run DESC
    LIMIT 1
) AS written
LEFT JOIN
(
    SELECT name, argMax(detail, (at, run)) AS latest_detail
    FROM ops_run
    WHERE kind = 'report' AND state = 'done'
    GROUP BY name
) AS latest ON latest.name = written.name
