-- name: dim_exam_basis
-- title: 体检周期依据 | Editions by which the cycles of exams are read
-- grain: one row per reading of the cycles: by the edition in force on the day (basis empty), and around the day on which an
--   edition replaced another one by the other edition, for a year on either side
-- order: basis
-- GBZ 188-2025 replaced GBZ 188-2014 on 2026-08-01. cycles_of is the day whose cycles hold.
SELECT line.1 AS basis, toDate32(line.2) AS from_date, toDate32(line.3) AS to_date, toDate32(line.4) AS cycles_of
FROM (SELECT arrayJoin([
    ('', '1900-01-01', '2299-12-31', '1900-01-01'),
    ('gbz_2014', '2026-08-01', '2027-07-31', '2026-07-31'),
    ('gbz_2025', '2025-08-01', '2026-07-31', '2026-08-01')]) AS line)
