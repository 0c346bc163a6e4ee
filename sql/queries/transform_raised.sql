-- name: transform_raised
-- title: Whenever a warning asked somebody for attention: opened, reopened, more urgent than before, or escalated
SELECT
    id::String AS id, at, event, week::String AS week, opened::String AS first_week,
    rule::String AS rule, severity::String AS severity, area::String AS area, addressee::Array(String) AS addressee, level, score, n_evidence,
    toFloat64OrNull(args['q']) AS q, args['backlog'] != '' AS is_backlog
FROM
(
    SELECT
        id, at, event::String AS event, week, rule, severity, area, addressee, level, score, n_evidence, args,
        toInt8(wrn_event.severity) AS urgency,
        minIf(week, event = 'opened') OVER (PARTITION BY id) AS opened,
        lagInFrame(urgency) OVER (PARTITION BY id ORDER BY at ASC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
    FROM wrn_event
    WHERE event IN ('opened', 'seen_again', 'reopened', 'escalated')
)
WHERE event IN ('opened', 'reopened', 'escalated') OR urgency < before
ORDER BY at, id
