-- name: transform_warnings
-- title: The present state of every warning
-- What a warning says is what a rule said last; its state is what a rule or a person last did about it. Remarks,
-- escalations and being seen again leave the state as it is.
SELECT
    id::String                                                                              AS id,
    last.1 AS rule, last.2 AS version, last.3 AS severity, last.4 AS object_kind, last.5 AS object, last.6 AS object_name,
    last.7 AS area, last.8 AS addressee, last.9 AS cause, last.10 AS score, last.11 AS args,
    last.12 AS evidence, last.13 AS n_evidence,
    due.1 AS due, knowable, owner, level, last_at, first_week, last_week, outcome, closed_n,
    step IN ('closed', 'dismissed') AND is_gone_after                                       AS is_gone,
    if(step = 'opened', 'new', step)                                                        AS state
FROM
(
    SELECT
        id,
        argMaxIf(
            (rule::String, version::String, severity::String, object_kind::String, object, object_name, area::String,
             addressee::Array(String), cause, score, args::Map(String, String), evidence, n_evidence::UInt64),
            at, event IN ('opened', 'seen_again', 'reopened'))                              AS last,
        argMaxIf(tuple(e.due), at, event IN ('opened', 'seen_again', 'reopened', 'assigned', 'escalated')) AS due,
        anyIf(e.knowable, event = 'opened')                                                 AS knowable,
        argMaxIf(e.owner, at, event IN ('assigned', 'acting'))                              AS owner,
        argMaxIf(e.level, at, event IN ('opened', 'reopened', 'escalated'))                 AS level,
        argMinIf(week::String, at, event = 'opened')                                        AS first_week,
        maxIf(week::String, event IN ('opened', 'seen_again', 'reopened'))                  AS last_week,
        argMaxIf(event::String, (at, event), event NOT IN ('comment', 'seen_again', 'escalated')) AS step,
        argMaxIf(e.outcome::String, at, event IN ('closed', 'dismissed'))                   AS outcome,
        argMaxIf(n_evidence::UInt64, at, event IN ('closed', 'dismissed'))                  AS closed_n,
        maxIf(at, event IN ('closed', 'dismissed')) < maxIf(at, event = 'comment' AND e.outcome = 'gone') AS is_gone_after,
        max(at)                                                                             AS last_at
    FROM wrn_event AS e
    GROUP BY id
    HAVING countIf(event = 'opened') > 0
)
ORDER BY id
