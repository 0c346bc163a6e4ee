-- name: transform_run_insert
-- title: Record an event in the life of a run
INSERT INTO ops_run (run, kind, name, at, state, attempt, n_rows, seconds, detail, error, by)
SELECT {run:UInt64}, {kind:String}, {name:String}, {at:DateTime64(3, 'UTC')}, {state:String}, 1,
    {n_rows:UInt64}, {seconds:Float64}, {detail:String}, {error:String}, {by:String}
