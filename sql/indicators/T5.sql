-- id: T5
-- version: 1
-- position: 60
-- set: seed
-- title: 放射工作人员个人剂量监测率 | Dose monitoring rate of radiation workers
-- unit: share
-- direction: up
-- target: 2025 = 1
-- clause: 二、工作目标：医疗卫生机构放射工作人员个人剂量监测率达到100%
-- calendar: 读数日前最近的季度末，当年至该日 | at the last end of a quarter, the calendar year up to it
-- strata: township, industry, size
-- numerator: 在册每一天都有监测结果的放射工作人员 | radiation workers with a result for every day on the roll
-- denominator: 医疗卫生机构当年在册的放射工作人员 | radiation workers on the rolls of medical institutions in the year
-- headline: strict
-- variants: strict, lenient
-- variant_strict: 在册期间每一天均有监测结果（含低于探测水平和名义剂量）的放射工作人员 | a result, one below the detection level or a nominal dose for every day on the roll
-- variant_lenient: 当年至少有一个监测结果的放射工作人员 | at least one result in the year
-- Read at the last end of a calendar quarter up to the reading date; no row where the year has none yet.
WITH per AS
(
    SELECT
        as_of_date,
        stratum.dim         AS dim,
        stratum.dim_value   AS dim_value,
        count()             AS workers,
        countIf(is_full)    AS full,
        countIf(is_any)     AS some
    FROM
    (
        SELECT
            as_of_date,
            employer_key,
            if(addDays(as_of_date, 1) = toStartOfQuarter(addDays(as_of_date, 1)), as_of_date,
                addDays(toDate32(toStartOfQuarter(as_of_date)), -1))             AS quarter_end,
            greatest(start_date, makeDate32(toYear(quarter_end), 1, 1))          AS first_day,
            least(end_date, quarter_end)                                         AS last_day,
            arrayExists(m -> m.1 <= first_day AND m.2 >= last_day, monitored)    AS is_full,
            arrayExists(e -> toYear(e) = toYear(quarter_end), period_ends)       AS is_any
        FROM dim_reading
        CROSS JOIN fct_radiation_worker
        WHERE (unit_kind = 'medical') = 1 AND first_day <= last_day AND toYear(quarter_end) = toYear(as_of_date)
    ) AS worker
    LEFT JOIN dim_employer ON dim_employer.employer_key = worker.employer_key
    ARRAY JOIN if(notEmpty(strata), strata,
        [('', '', {city:String}), ('township', 'unassigned', 'unassigned'), ('industry', 'unknown', {city:String}),
         ('size', 'unknown', {city:String})]::Array(Tuple(dim String, dim_value String, area String))) AS stratum
    GROUP BY as_of_date, dim, dim_value
)
SELECT
    reading.1 AS variant, period_kind, period, dim_cell.as_of_date AS as_of_date, area, dim_cell.dim AS dim,
    dim_cell.dim_value AS dim_value, reading.2 AS numerator, reading.3 AS denominator, 0 AS missing
FROM dim_cell
LEFT JOIN per ON per.as_of_date = dim_cell.as_of_date AND per.dim = dim_cell.dim AND per.dim_value = dim_cell.dim_value
ARRAY JOIN [('strict', full, workers), ('lenient', some, workers)] AS reading
WHERE dim_cell.as_of_date >= addDays(addMonths(makeDate32(toYear(dim_cell.as_of_date), 1, 1), 3), -1)
