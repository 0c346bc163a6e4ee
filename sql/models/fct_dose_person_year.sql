-- name: fct_dose_person_year
-- title: 个人年有效剂量（跨单位合计） | Annual effective dose of a person
-- grain: one row per person and calendar year with at least one monitoring period, over all units
-- order: person, year
-- person is the pseudonym, or unit and worker number where no identity number is known. The doses of all units add up. The person
-- stands under the unit and the job class of the larger part of the dose (the later one of equals), so that classes,
-- units and townships add up to the number of persons. dose_msv is empty when no period has a dose. lens_msv and skin_msv are the
-- sums of the final values of Hp(3) and of the Hp(0.07) dosimeter with the highest sum.
-- For indicators: employer_key, last_day and person are there to count by, dose_msv and is_measurable to count, evidence are the lines.
WITH
    units AS
    (
        SELECT
            fct_dose_year.*,
            if(place.township = '', 'unassigned', place.township) AS township,
            (ifNull(dose_msv, -1), last_day, employer_key, worker_no) AS rank,
            if(person_key = toUUID('00000000-0000-0000-0000-000000000000'), concat(employer_key, ':', worker_no), toString(person_key)) AS person
        FROM fct_dose_year
        LEFT JOIN
        (
            SELECT employer_key::String AS place_key, argMin(township_code::String, workplace_no) AS township
            FROM stg_employer
            GROUP BY place_key
            HAVING township IN (SELECT township FROM dim_township)
        ) AS place ON place.place_key = fct_dose_year.employer_key
    ),
    other AS
    (
        SELECT person, year, maxIf(sum_msv, quantity = 'hp3') AS lens_msv, maxIf(sum_msv, quantity = 'hp007') AS skin_msv
        FROM
        (
            SELECT
                if(person_key = toUUID('00000000-0000-0000-0000-000000000000'), concat(employer_key::String, ':', worker_no), toString(person_key)) AS person,
                toYear(addDays(period_end, -11)) AS year, quantity::String AS quantity, position, sum(final_value) AS sum_msv
            FROM stg_dose
            WHERE quantity IN ('hp3', 'hp007')
            GROUP BY person, year, quantity, position
        )
        GROUP BY person, year
    )
SELECT
    person,
    year,
    argMax(units.employer_key, rank)                                              AS employer_key,
    argMax(units.employer_name, rank)                                             AS employer_name,
    argMax(units.unit_kind, rank)                                                 AS unit_kind,
    argMax(units.job_class, rank)                                                 AS job_class,
    argMax(units.township, rank)                                                  AS township,
    uniqExact(units.employer_key)                                                 AS n_units,
    round(sum(units.dose_msv), 9)                                                 AS dose_msv,
    round(sum(units.dose_low), 9)                                                 AS dose_low,
    round(sum(units.dose_high), 9)                                                AS dose_high,
    round(sum(units.nominal_msv), 9)                                              AS nominal_msv,
    sum(units.n_periods)                                                          AS n_periods,
    sum(units.n_nominal)                                                          AS n_nominal,
    sum(units.n_lost)                                                             AS n_lost,
    max(units.is_measurable)                                                      AS is_measurable,
    any(other.lens_msv)                                                           AS lens_msv,
    any(other.skin_msv)                                                           AS skin_msv,
    max(units.last_day)                                                           AS last_day,
    arraySort(groupArrayArray(units.evidence))                                    AS evidence
FROM units
LEFT JOIN other ON other.person = units.person AND other.year = units.year
GROUP BY units.person AS person, units.year AS year
