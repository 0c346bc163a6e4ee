-- name: transform_difference
-- title: Rows that one of two tables has more often than the other
CREATE TABLE {{ident .Table}} {{on_cluster}}
ENGINE = {{engine "MergeTree"}}
ORDER BY tuple()
AS
SELECT * EXCEPT (difference__n)
FROM
(
    SELECT * EXCEPT (difference__side), sum(difference__side) AS difference__n
    FROM
    (
        SELECT *, toInt64(1) AS difference__side FROM {{ident .New}}
        UNION ALL
        SELECT *, toInt64(-1) FROM {{ident .OldDatabase}}.{{ident .Old}}
    )
    GROUP BY ALL
    HAVING difference__n != 0
)
