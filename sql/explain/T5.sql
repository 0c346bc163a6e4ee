-- id: T5
-- title: 一行为一名医疗卫生机构的放射工作人员 | a radiation worker of a medical institution
-- The readings are those of the year up to the last end of a quarter, and the register of radiation workers.
WITH
    if(addDays({to:Date32}, 1) = toStartOfQuarter(addDays({to:Date32}, 1)), {to:Date32},
        addDays(toDate32(toStartOfQuarter({to:Date32})), -1)) AS quarter_end
SELECT
    worker.employer_key AS employer_key,
    worker.worker_no    AS entity,
    if({variant:String} = 'strict', arrayExists(m -> m.1 <= first_day AND m.2 >= last_day, monitored),
        arrayExists(e -> toYear(e) = toYear(quarter_end), period_ends)) AS numerator,
    1                   AS denominator,
    0                   AS missing,
    papers.lines        AS lines
FROM
(
    SELECT
        *,
        greatest(start_date, makeDate32(toYear(quarter_end), 1, 1)) AS first_day,
        least(end_date, quarter_end)                                AS last_day
    FROM fct_radiation_worker
    WHERE (unit_kind = 'medical') = 1 AND first_day <= last_day AND toYear(quarter_end) = toYear({to:Date32})
) AS worker
LEFT JOIN
(
    SELECT employer_key, worker_no, arraySort(groupArray(line)) AS lines
    FROM
    (
        SELECT employer_key::String AS employer_key, worker_no, concat('dose:', toString(batch), ':', toString(row)) AS line
        FROM stg_dose
        WHERE quantity = 'hp10' AND period_start <= quarter_end AND period_end >= makeDate32(toYear(quarter_end), 1, 1)
        UNION ALL
        SELECT employer_key::String, worker_no, concat('radiation_worker:', toString(batch), ':', toString(row))
        FROM stg_radiation_worker
    )
    GROUP BY employer_key, worker_no
) AS papers ON papers.employer_key = worker.employer_key AND papers.worker_no = worker.worker_no
