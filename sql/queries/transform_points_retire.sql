-- name: transform_points_retire
-- title: Take back the results of detectors that a series no longer names; without detectors, of a series that is gone
INSERT INTO det_point (series, stratum, week_start, week, detector, method, version, program, parameters, run, is_deleted, computed_at)
SELECT series, stratum, week_start, week, detector, method, version, program, parameters, {run:UInt64}, 1, {at:DateTime64(3, 'UTC')}
FROM det_point FINAL
WHERE series = {series:String} AND detector NOT IN {detectors:Array(String)}
