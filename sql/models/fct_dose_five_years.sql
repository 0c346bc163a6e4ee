-- name: fct_dose_five_years
-- title: 连续五年有效剂量 | Effective dose in five consecutive years
-- grain: one row per person and fixed block of five calendar years with at least one dose
-- order: person, first_year
-- The blocks are set beforehand and never shifted to suit a dose: 2001 to 2005 and so on (first_block of the configuration). Sums
-- run over all units. Three flags that are three different things (GB 18871-2002): is_over_20 a year above 20 mSv, which is
-- no breach by itself; is_over_50 a year above 50 mSv, a breach; is_over_100 more than 100 mSv in the block, a breach;
-- is_watched more than 80 mSv in the block (a proposal). lifetime_msv is everything known up to the end of the block.
SELECT
    *,
    sum(dose_msv) OVER (PARTITION BY person ORDER BY first_year ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS lifetime_msv
FROM
(
    SELECT
        y.person AS person,
        {first_block:Int32} + toInt32(floor((toInt32(y.year) - {first_block:Int32}) / 5)) * 5 AS first_year,
        first_year + 4                                                            AS last_year,
        argMax(y.employer_key, y.last_day)                                        AS employer_key,
        argMax(y.employer_name, y.last_day)                                       AS employer_name,
        argMax(y.unit_kind, y.last_day)                                           AS unit_kind,
        argMax(y.job_class, y.last_day)                                           AS job_class,
        count()                                                                   AS n_years,
        round(sum(assumeNotNull(y.dose_msv)), 9)                                  AS dose_msv,
        round(sum(assumeNotNull(y.dose_low)), 9)                                  AS dose_low,
        round(sum(assumeNotNull(y.dose_high)), 9)                                 AS dose_high,
        max(assumeNotNull(y.dose_msv))                                            AS largest_year_msv,
        largest_year_msv > 20                                                     AS is_over_20,
        largest_year_msv > 50                                                     AS is_over_50,
        dose_msv > 100                                                            AS is_over_100,
        dose_msv > 80                                                             AS is_watched,
        max(y.last_day)                                                         AS last_day
    FROM fct_dose_person_year AS y
    WHERE y.dose_msv IS NOT NULL
    GROUP BY person, first_year
)
