-- name: assessment_events
-- title: Events in the life of all assessments, or of one
SELECT
    assessment, at, event::String AS event, scheme::String AS scheme, version::String AS version, scheme_text, period::String AS period, snapshot,
    snapshot_sha256, result_sha256, replaces, appeal_until, unit::String AS unit, item::String AS item, text, by::String AS by
FROM ops_assessment
WHERE {assessment:UInt64} = 0 OR assessment = {assessment:UInt64}
ORDER BY assessment, at, event
