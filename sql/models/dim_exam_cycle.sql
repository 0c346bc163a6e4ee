-- name: dim_exam_cycle
-- title: 在岗期间检查周期（按时段） | Cycles of the in-service exam by time
-- grain: one row per hazard with a mandatory in-service exam, basis (see dim_exam_basis) and edition, an edition being a
--   span of days between two changes of any cycle
-- order: hazard, basis, edition_from
WITH
    cycles AS
    (
        SELECT
            hazard_id                                                        AS hazard,
            mandatory = 'yes'                                                AS is_mandatory,
            toUInt16OrZero(months)                                           AS cycle_months,
            ifNull(toDate32OrNull(ref_hazard_cycle.valid_from), toDate32('1900-01-01')) AS from_date,
            ifNull(toDate32OrNull(ref_hazard_cycle.valid_to), toDate32('2299-12-31'))   AS to_date
        FROM ref_hazard_cycle
    ),
    editions AS
    (
        SELECT
            starts                                                                                 AS edition_from,
            leadInFrame(addDays(starts, -1), 1, toDate32('2299-12-31'))
                OVER (ORDER BY starts ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)    AS edition_to
        FROM
        (
            SELECT from_date AS starts FROM cycles
            UNION DISTINCT
            SELECT addDays(to_date, 1) AS starts FROM cycles WHERE to_date < toDate32('2299-12-31')
            UNION DISTINCT
            SELECT toDate32('1900-01-01') AS starts
        )
    )
SELECT
    hazard,
    '' AS basis,
    edition_from,
    edition_to,
    max(cycle_months) AS months
FROM cycles
CROSS JOIN editions
WHERE from_date <= edition_from AND to_date >= edition_to AND is_mandatory AND cycle_months > 0
GROUP BY hazard, edition_from, edition_to
UNION ALL
SELECT
    hazard,
    other.basis     AS basis,
    other.from_date AS edition_from,
    other.to_date   AS edition_to,
    max(cycle_months) AS months
FROM cycles
CROSS JOIN (SELECT * FROM dim_exam_basis WHERE basis != '') AS other
WHERE cycles.from_date <= cycles_of AND cycles.to_date >= cycles_of AND is_mandatory AND cycle_months > 0
GROUP BY hazard, basis, edition_from, edition_to
