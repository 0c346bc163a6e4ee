-- name: event_entries
-- title: The entries of all group events, in the order of writing
SELECT
    event::String AS event, entry, at, happened_at, kind::String AS kind, corrects, reason, is_exercise, event_kind::String AS event_kind, started_at, known_at,
    area::String AS area, place, employer_key, employer_name, agent, ill, severe, dead, exposed, persons, grade, offices, channel::String AS channel, text,
    attachments, warnings, data_event, by::String AS by, after_state::String AS after_state, after_grade, after_ill, after_dead, after_exposed
FROM evt_entry
ORDER BY event, entry
