-- name: outbox_clock_jump
-- title: Record that the clock of the machine jumped, by so many seconds
INSERT INTO ops_run (run, kind, name, slot, at, state, attempt, n_rows, seconds, detail, error, by)
SELECT 0, 'clock', {host:String}, NULL, {at:DateTime64(3, 'UTC')}, 'done', 0, 0, {seconds:Float64}, '', '', 'serve'
