-- name: reports_warnings
-- title: Warnings that are new in weeks or open at the end of the last one
-- One row per warning as its last evaluation up to the last week saw it. An empty area is the whole city. Events made by people carry no week of
-- their own and count whenever they were made.
SELECT
    id,
    last.1                                                                                     AS rule,
    last.2                                                                                     AS severity,
    last.3                                                                                     AS object_kind,
    last.4                                                                                     AS object,
    last.5                                                                                     AS object_name,
    last.6                                                                                     AS area,
    last.7                                                                                     AS addressee,
    last.8                                                                                     AS due,
    last.9                                                                                     AS score,
    last.10                                                                                    AS args,
    last.11                                                                                    AS n_evidence,
    since,
    is_new,
    is_open,
    state,
    name_zh                                                                                    AS area_zh,
    name_en                                                                                    AS area_en
FROM
(
    SELECT
        id,
        argMaxIf(
            (rule::String, severity::String, object_kind::String, object, object_name, area::String, addressee::Array(String), due, score,
             args::Map(String, String), n_evidence),
            (at, event), event IN ('opened', 'seen_again', 'reopened', 'resolved'))                  AS last,
        minIf(week::String, event = 'opened')                                                    AS since,
        countIf(event IN ('opened', 'reopened') AND week BETWEEN {from:String} AND {week:String}) > 0 AS is_new,
        argMaxIf(event::String, (at, event), event NOT IN ('comment', 'seen_again', 'escalated'))
            NOT IN ('resolved', 'closed', 'dismissed')                                           AS is_open,
        argMaxIf(multiIf(event IN ('opened', 'reopened'), 'new', event::String), (at, event), event NOT IN ('comment', 'seen_again', 'escalated')) AS state
    FROM wrn_event
    WHERE week <= {week:String} OR event IN ('acknowledged', 'assigned', 'acting', 'verified', 'closed', 'dismissed', 'escalated', 'comment')
    GROUP BY id
    HAVING countIf(event = 'opened') > 0 AND (is_new OR is_open)
) AS warning
LEFT JOIN (SELECT code9, name_zh, name_en FROM ref_townships) AS township ON township.code9 = last.6
WHERE {area:String} = '' OR last.6 = {area:String}
ORDER BY id
