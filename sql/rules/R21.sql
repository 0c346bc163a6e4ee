-- id: R21
-- version: 1
-- title: 离岗未做离岗检查 | Worker left without a leaving exam
-- message: {object}：近期离岗人员{n}人未见离岗时检查（最近 {last}）
--   | {object}: {n} workers left without a leaving exam (the last on {last})
-- severity: yellow
-- addressee: EMP
-- due: 30 days
-- life: state
-- source: found: GBZ 188-2025 4.6.1.3, with its exceptions
-- params: grace_days = 30, lookback_days = 365
-- Workers who left at least grace_days ago. An in-service exam at most 90 days before leaving counts as the leaving exam; less than 30 days at a
-- post without a result over the limit needs none (fct_leaving).
WITH {week_end:Date32} AS day, gone AS
(
    SELECT employer_key AS employer, uniqExact(person_key) AS persons, max(left_date) AS last_left, groupUniqArray((person_key, left_date)) AS leavers,
        arraySort(groupUniqArrayArray(lines)) AS seen_lines
    FROM fct_leaving
    WHERE NOT has_exam AND NOT is_exempt AND left_date <= addDays(day, -{grace_days:Int32}) AND left_date > addDays(day, -{lookback_days:Int32})
    GROUP BY employer
)
SELECT
    'employer'                                                                   AS object_kind,
    gone.employer                                                                          AS object,
    if(dim_employer.employer_name = '', gone.employer, dim_employer.employer_name)         AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    'leaving'                                                                    AS cause,
    toFloat64(persons)                                                           AS score,
    map('n', toString(persons), 'last', toString(last_left))                     AS args,
    arraySlice(arrayConcat(seen_lines, register.register_lines), 1, 20)          AS evidence,
    length(seen_lines) + length(register.register_lines)                         AS n_evidence
FROM gone
LEFT JOIN
(
    SELECT employer_key::String AS unit, arraySort(groupArray(20)(concat('radiation_worker:', toString(batch), ':', toString(row)))) AS register_lines
    FROM stg_radiation_worker
    WHERE (employer_key::String, person_key, end_date) IN (SELECT employer, leaver.1, leaver.2 FROM gone ARRAY JOIN leavers AS leaver)
    GROUP BY unit
) AS register ON register.unit = gone.employer
LEFT JOIN dim_employer ON dim_employer.employer_key = gone.employer
