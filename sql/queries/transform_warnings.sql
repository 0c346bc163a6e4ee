-- name: transform_warnings
-- title: The present state of every warning
-- What a warning says is what a rule said last; its state is its last event that is no comment.
SELECT
    id::String                                                                              AS id,
    last.1 AS rule, last.2 AS version, last.3 AS severity, last.4 AS object_kind, last.5 AS object, last.6 AS object_name,
    last.7 AS area, last.8 AS addressee, last.9 AS cause, last.10 AS due, last.11 AS score, last.12 AS args,
    last.13 AS evidence, last.14 AS n_evidence,
    first_week, last_week, last_event, outcome, closed_n,
    last_event = 'closed' AND is_gone_after                                                 AS is_gone,
    multiIf(last_event = 'opened', 'new', last_event = 'seen_again', if(was_acknowledged, 'acknowledged', 'open'),
            last_event)                                                                     AS state
FROM
(
    SELECT
        id,
        argMaxIf(
            (rule::String, version::String, severity::String, object_kind::String, object, object_name, area::String,
             addressee::Array(String), cause, due, score, args::Map(String, String), evidence, n_evidence::UInt64),
            at, event IN ('opened', 'seen_again', 'reopened'))                              AS last,
        argMinIf(week::String, at, event = 'opened')                                        AS first_week,
        maxIf(week::String, event IN ('opened', 'seen_again', 'reopened'))                  AS last_week,
        argMaxIf(event::String, (at, event), event != 'comment')                            AS last_event,
        argMaxIf(e.outcome::String, at, event = 'closed')                                     AS outcome,
        argMaxIf(n_evidence::UInt64, at, event = 'closed')                                  AS closed_n,
        maxIf(at, event = 'closed') < maxIf(at, event = 'comment' AND e.outcome = 'gone')     AS is_gone_after,
        maxIf(at, event = 'acknowledged') > maxIf(at, event IN ('opened', 'reopened'))      AS was_acknowledged
    FROM wrn_event AS e
    GROUP BY id
    HAVING countIf(event = 'opened') > 0
)
ORDER BY id
