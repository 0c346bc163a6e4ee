-- id: D12
-- version: 1
-- title: 未满18周岁从事放射工作 | Radiation worker under 18
-- message: {employer} {worker}号人员（{object}）{start}起从事放射工作时未满{age}周岁
--   | {employer}, worker {worker} ({object}): in radiation work since {start}, not {age} years old then
-- severity: red
-- addressee: EMP, WJW
-- due: 1 day
-- life: event
-- source: found: GB 18871-2002, none under 18
-- params: age = 18, lookback_days = 365
-- By the register, or by the first dosimeter period of somebody who is not on it; work that ended, or an age that was reached, more than lookback_days ago is
-- left out. The other half of rules.md D12, the dose of a pregnant worker since her declaration, is left out: no stream carries a declaration of
-- pregnancy.
WITH
    {week_end:Date32} AS day,
    known AS
    (
        SELECT employer_key::String AS employer, employer_name::String AS said, worker_no, person_key, birth_date, start_date AS start, end_date,
            concat('radiation_worker:', toString(batch), ':', toString(row)) AS line
        FROM stg_radiation_worker
        UNION ALL
        SELECT employer_key::String AS employer, any(employer_name)::String, worker_no, any(person_key), any(assumeNotNull(birth_date)), min(period_start), NULL,
            min(concat('dose:', toString(batch), ':', toString(row)))
        FROM stg_dose
        WHERE birth_date IS NOT NULL AND (employer_key::String, worker_no) NOT IN (SELECT employer_key::String, worker_no FROM stg_radiation_worker)
        GROUP BY employer, worker_no
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(known.person_key)                                                                AS object,
    substring(toString(known.person_key), 1, 8)                                               AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'red'                                                                        AS severity,
    concat(known.employer, ':', worker_no)                                       AS cause,
    toFloat64(dateDiff('day', known.start, addYears(birth_date, {age:Int32}))) AS score,
    map('start', toString(known.start), 'worker', worker_no, 'age', toString({age:Int32}), 'employer', if(dim_employer.employer_name = '', said, dim_employer.employer_name)) AS args,
    [line]                                                                       AS evidence,
    1                                                                            AS n_evidence
FROM known
LEFT JOIN dim_employer ON dim_employer.employer_key = known.employer
WHERE known.start <= day AND known.start < addYears(birth_date, {age:Int32}) AND birth_date > toDate32('1900-01-01')
    AND least(ifNull(known.end_date, toDate32('2299-12-31')), addYears(birth_date, {age:Int32})) > addDays(day, -{lookback_days:Int32})
