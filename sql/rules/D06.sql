-- id: D06
-- version: 1
-- title: 剂量计丢失、损坏、未交回或无读数 | Dosimeter lost, damaged, not returned or without a reading
-- message: {employer} {worker}号人员（{object}）{from}至{to}剂量计丢失、损坏、未交回或无读数，{months}个月内第{times}次
--   | {employer}, worker {worker} ({object}): dosimeter of {from} to {to} lost, damaged, not returned or without a reading, time {times} in {months} months
-- severity: yellow
-- addressee: EMP
-- due: 15 days
-- life: event
-- source: memory of GBZ 128-2019; twice in twelve months is orange
-- params: lookback_days = 90, twice_months = 12
-- Periods for which a nominal dose was set need no action of their own, but count as one of two.
WITH losses AS
(
    SELECT
        employer_key, worker_no,
        any(employer_name)                                                        AS unit,
        any(person_key)                                                           AS person_key,
        arrayReverseSort(groupArray((period_start, period_end, report_date, has_nominal, evidence))) AS history
    FROM fct_dose_period
    WHERE is_lost AND report_date <= {week_end:Date32}
    GROUP BY employer_key, worker_no
)
SELECT
    'person'                                                                     AS object_kind,
    toString(person_key)                                                         AS object,
    substring(toString(person_key), 1, 8)                                        AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    if(times > 1, 'orange', 'yellow')                                            AS severity,
    concat(losses.employer_key, ':', toString(history[1].1))                     AS cause,
    toFloat64(times)                                                             AS score,
    map('times', toString(times), 'from', toString(history[1].1), 'to', toString(history[1].2), 'months', toString({twice_months:Int32}),
        'employer', if(dim_employer.employer_name = '', unit, dim_employer.employer_name), 'worker', worker_no) AS args,
    arraySort(arrayFlatten(arrayMap(h -> h.5, arrayFilter(h -> h.1 > addMonths(history[1].1, -{twice_months:Int32}), history)))) AS evidence,
    length(evidence)                                                             AS n_evidence
FROM
(
    SELECT *, arrayCount(h -> h.1 > addMonths(history[1].1, -{twice_months:Int32}), history) AS times
    FROM losses
) AS losses
LEFT JOIN dim_employer ON dim_employer.employer_key = losses.employer_key
WHERE history[1].3 > addDays({week_end:Date32}, -{lookback_days:Int32}) AND (NOT history[1].4 OR times > 1)
