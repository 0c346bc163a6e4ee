-- id: T5
-- title: 未监测的医疗放射工作人员 | Radiation workers in medicine without a complete reading
-- unit: worker
-- department: wjw
-- Read at the last end of a calendar quarter up to the day, as the indicator is. since is the first day on the roll in
-- the year without a result.
SELECT
    variant, employer_key, sum(is_done) AS numerator, count() AS denominator,
    minIf(open_since, NOT is_done)::Nullable(Date32) AS first_open,
    if(numerator = denominator, NULL, first_open) AS since,
    if(numerator > 0, 'partly', 'never') AS reason,
    groupArrayIf((toString(person_key), if(is_any, 'partly', 'never'), open_since)::Tuple(String, String, Nullable(Date32)), NOT is_done) AS names,
    0 AS beyond
FROM
(
    SELECT
        employer_key, person_key, is_any,
        if(addDays({day:Date32}, 1) = toStartOfQuarter(addDays({day:Date32}, 1)), {day:Date32},
            addDays(toDate32(toStartOfQuarter({day:Date32})), -1))           AS quarter_end,
        greatest(start_date, makeDate32(toYear(quarter_end), 1, 1))          AS first_day,
        least(end_date, quarter_end)                                         AS last_day,
        arrayFilter(m -> m.1 <= first_day AND m.2 >= first_day, monitored)   AS begun,
        notEmpty(begun) AND arrayMax(m -> m.2, begun) >= last_day            AS is_full,
        arrayExists(e -> toYear(e) = toYear(quarter_end), period_ends)       AS is_any,
        reading.1                                                            AS variant,
        reading.2                                                            AS is_done,
        if(notEmpty(begun) AND variant = 'strict', addDays(arrayMax(m -> m.2, begun), 1), first_day) AS open_since
    FROM fct_radiation_worker
    ARRAY JOIN [('strict', is_full), ('lenient', is_any)] AS reading
    WHERE unit_kind = 'medical' AND first_day <= last_day AND toYear(quarter_end) = toYear({day:Date32})
)
GROUP BY variant, employer_key
