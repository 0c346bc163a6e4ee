-- name: fct_roster_coverage
-- title: 名录覆盖率 | Roster coverage
-- grain: one row per reading date and stratum with an active employer with hazards
-- order: as_of_date, dim, dim_value
-- known counts the active employers with hazards, on_roster those of them that the roster has; the others were discovered by an
-- exam or a detection report and have no place, industry or size. Employers that nobody has found are in neither.
SELECT
    as_of_date,
    stratum.dim                  AS dim,
    stratum.dim_value            AS dim_value,
    countIf(NOT is_discovered)   AS on_roster,
    count()                      AS known
FROM fct_employer_reading
INNER JOIN dim_employer ON dim_employer.employer_key = fct_employer_reading.employer_key
ARRAY JOIN strata AS stratum
WHERE is_active AND has_hazard
GROUP BY as_of_date, dim, dim_value
