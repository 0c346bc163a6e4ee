-- name: snapshot_state
-- title: What the values are made of: day of running periods, batches, last decision on a name
SELECT
    (SELECT max(as_of_date) FROM dim_period),
    (SELECT arraySort(groupArray(batch)) FROM stg_batch),
    (SELECT max(id) FROM ops_alias WHERE at <= {as_of:DateTime64(3, 'UTC')})
