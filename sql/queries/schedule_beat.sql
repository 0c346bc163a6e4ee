-- name: schedule_beat
-- title: Record that a scheduler is alive, or has ended
INSERT INTO ops_run (run, kind, name, slot, at, state, attempt, n_rows, seconds, detail, error, by)
SELECT {run:UInt64}, 'scheduler', {name:String}, NULL, {at:DateTime64(3, 'UTC')}, {state:String}, 0, 0, 0, '', '', 'serve'
