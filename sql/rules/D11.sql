-- id: D11
-- version: 1
-- title: 放射工作人员体检或培训逾期 | Radiation workers without exam or training
-- message: {object}：{n}名放射工作人员{months}个月内{what}
--   | {object}: {n} radiation workers {what} in {months} months
-- severity: yellow
-- addressee: EMP, JDS
-- due: 30 days
-- life: state
-- source: memory: exam every one to two years, training every two years
-- params: exam_months = 24, train_months = 24
-- Workers on the register who began before that. An exam is one that names radiation (HZ-4); training is that of the register or of the training
-- stream with the person's identity. One warning a unit each for exams and for training.
WITH
    {week_end:Date32} AS day,
    examined AS
    (
        SELECT DISTINCT person_key FROM stg_exam
        WHERE exam_date > addMonths(day, -{exam_months:Int32}) AND exam_date <= day AND arrayExists(h -> startsWith(h, 'HZ-4'), arrayConcat(hazards_exposed, hazards_examined))
    ),
    trained AS
    (
        SELECT DISTINCT assumeNotNull(person_key) AS trainee FROM stg_training
        WHERE person_key IS NOT NULL AND person_role IN ('radiation', 'worker') AND result != 'fail' AND train_date > addMonths(day, -{train_months:Int32}) AND train_date <= day
    ),
    missing AS
    (
        SELECT employer_key::String AS employer, employer_name::String AS said, worker_no, cause, concat('radiation_worker:', toString(batch), ':', toString(row)) AS line
        FROM stg_radiation_worker
        ARRAY JOIN arrayFilter(c -> c != '', [
            if(start_date <= addMonths(day, -{exam_months:Int32}) AND person_key NOT IN (SELECT person_key FROM examined), 'exam', ''),
            if(start_date <= addMonths(day, -{train_months:Int32}) AND ifNull(training_date, toDate32('1900-01-01')) <= addMonths(day, -{train_months:Int32})
                AND person_key NOT IN (SELECT trainee FROM trained), 'training', '')]) AS cause
        WHERE (end_date IS NULL OR end_date > day)
    )
SELECT
    'employer'                                                                   AS object_kind,
    missing.employer                                                             AS object,
    multiIf(any(dim_employer.employer_name) != '', any(dim_employer.employer_name), any(said) != '', any(said), missing.employer) AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))        AS area,
    'yellow'                                                                     AS severity,
    missing.cause                                                                AS cause,
    toFloat64(count())                                                           AS score,
    map('n', toString(count()), 'months', toString(if(missing.cause = 'exam', {exam_months:Int32}, {train_months:Int32})),
        'what', if(missing.cause = 'exam', '未见职业健康检查', '未见放射防护培训'), 'what_en', if(missing.cause = 'exam', 'without an exam', 'without training')) AS args,
    arraySort(groupArray(20)(line))                                              AS evidence,
    count()                                                                      AS n_evidence
FROM missing
LEFT JOIN dim_employer ON dim_employer.employer_key = missing.employer
GROUP BY missing.employer, missing.cause
