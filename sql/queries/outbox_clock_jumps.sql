-- name: outbox_clock_jumps
-- title: The latest jump of the clock since an instant, and how many messages have events that lie behind another
-- Events are numbered; one that is numbered later and dated earlier was written after the clock had been set back.
SELECT
    (SELECT max(at) FROM ops_run WHERE kind = 'clock' AND at >= {since:DateTime64(3, 'UTC')})       AS at,
    (SELECT argMax(seconds, at) FROM ops_run WHERE kind = 'clock' AND at >= {since:DateTime64(3, 'UTC')}) AS seconds,
    (SELECT uniqExact(id) FROM ops_outbox_event WHERE at > {now:DateTime64(3, 'UTC')})              AS ahead
