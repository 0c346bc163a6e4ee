-- name: schedule_record
-- title: Record an event in the life of a job's run
INSERT INTO ops_run (run, kind, name, slot, at, state, attempt, n_rows, seconds, detail, error, by)
SELECT
    {run:UInt64},
    'job',
    {job:String},
    if({by_hand:Bool}, NULL, {slot:DateTime64(3, 'UTC')}),
    {at:DateTime64(3, 'UTC')},
    {state:String},
    {attempt:UInt16},
    {n_rows:UInt64},
    {seconds:Float64},
    {detail:String},
    {error:String},
    {by:String}
