-- name: reports_record
-- title: Record a report that was written
INSERT INTO ops_run (run, kind, name, at, state, attempt, n_rows, seconds, detail, error, by)
SELECT {run:UInt64}, 'report', {name:String}, {at:DateTime64(3, 'UTC')}, 'done', 1, {n_rows:UInt64}, {seconds:Float64},
    {detail:String}, '', {by:String}
