-- name: fct_dose_table
-- title: 年度个人剂量统计表 | Annual table of doses
-- grain: one row per calendar year, kind of row (total, job_class, unit_kind, township) and its value
-- order: year, by, by_value
-- The table that dose registries publish. A person counts once in a year (see fct_dose_person_year), so the rows of one kind
-- add up to the total. n_monitored counts persons with a dose; n_without_dose those of whose periods none has one, who are in no
-- mean. A measurable dose is one that is not below the detection level in all periods; its bands follow S10c. Doses in mSv,
-- collective doses in person-mSv.
SELECT
    year,
    line.1                                                                        AS by,
    line.2                                                                        AS by_value,
    countIf(dose_msv IS NOT NULL)                                                 AS n_monitored,
    countIf(dose_msv IS NULL)                                                     AS n_without_dose,
    countIf(is_measurable)                                                        AS n_measurable,
    countIf(n_nominal > 0)                                                        AS n_with_nominal,
    countIf(n_lost > 0)                                                           AS n_with_lost,
    countIf(n_units > 1)                                                          AS n_at_several_units,
    round(ifNull(sum(persons.dose_msv), 0), 9)                                    AS collective_msv,
    round(ifNull(sum(persons.dose_low), 0), 9)                                    AS collective_low,
    round(ifNull(sum(persons.dose_high), 0), 9)                                   AS collective_high,
    round(ifNull(sumIf(persons.dose_msv, is_measurable), 0), 9)                   AS collective_measurable,
    round(ifNull(sum(persons.nominal_msv), 0), 9)                                 AS collective_nominal,
    if(n_monitored = 0, NULL, collective_msv / n_monitored)                       AS mean_msv,
    if(n_measurable = 0, NULL, collective_measurable / n_measurable)              AS mean_measurable_msv,
    quantileExactInclusive(0.5)(persons.dose_msv)                                 AS median_msv,
    quantileExactInclusive(0.95)(persons.dose_msv)                                AS p95_msv,
    max(persons.dose_msv)                                                         AS max_msv,
    countIf(NOT is_measurable AND dose_msv IS NOT NULL)                           AS n_below_mdl,
    countIf(is_measurable AND dose_msv <= 1)                                      AS n_to_1,
    countIf(is_measurable AND dose_msv > 1 AND dose_msv <= 5)                     AS n_from_1_to_5,
    countIf(is_measurable AND dose_msv > 5 AND dose_msv <= 15)                    AS n_from_5_to_15,
    countIf(is_measurable AND dose_msv > 15 AND dose_msv <= 20)                   AS n_from_15_to_20,
    countIf(is_measurable AND dose_msv > 20 AND dose_msv <= 50)                   AS n_from_20_to_50,
    countIf(is_measurable AND dose_msv > 50)                                      AS n_above_50,
    n_below_mdl / n_monitored                                                     AS share_below_mdl,
    n_to_1 / n_monitored                                                          AS share_to_1,
    n_from_1_to_5 / n_monitored                                                   AS share_from_1_to_5,
    n_from_5_to_15 / n_monitored                                                  AS share_from_5_to_15,
    n_from_15_to_20 / n_monitored                                                 AS share_from_15_to_20,
    n_from_20_to_50 / n_monitored                                                 AS share_from_20_to_50,
    n_above_50 / n_monitored                                                      AS share_above_50
FROM fct_dose_person_year AS persons
ARRAY JOIN [('total', ''), ('job_class', job_class), ('unit_kind', unit_kind), ('township', township)] AS line
GROUP BY year, by, by_value
