-- id: R18
-- version: 1
-- title: 复查逾期 | Recheck not done
-- message: {object}：{institution}要求复查的{n}人逾期{days}个工作日以上未复查，其中超过{months}个月{void}人（检查作废）
--   | {object}: recheck asked for by {institution} not done within {days} working days by {n} workers, by {void} of them for more than {months} months (exam void)
-- severity: yellow
-- addressee: INST, EMP
-- due: 10 working days
-- life: state
-- source: found: GBZ 188-2025, recheck within 30 working days; after three months the exam is void (A.3)
-- params: working_days = 30, months = 3, max_days = 365
-- One warning an employer and institution. A re-examination of the person answers, when it names the exam or is of the same institution. Orange when some
-- exam is void. Working days are Monday to Friday.
WITH
    {week_end:Date32} AS day,
    asked AS
    (
        SELECT person_key, if(using_key = '', employer_key::String, using_key::String) AS employer, institution_code::String AS institution,
            any(institution_name)::String AS institution_said, exam_no, min(exam_date) AS examined, min(coalesce(report_date, exam_date)) AS told,
            min(concat('exam:', toString(batch), ':', toString(row))) AS line
        FROM stg_exam
        WHERE NOT is_reexam AND (conclusion_overall = 'recheck' OR has(conclusion, 'recheck')) AND exam_date BETWEEN addDays(day, -{max_days:Int32}) AND day
        GROUP BY person_key, employer, institution, exam_no
    ),
    done AS
    (
        SELECT person_key, groupArray((exam_date, prev_exam_no, institution_code::String)) AS rechecks
        FROM stg_exam
        WHERE is_reexam AND exam_date <= day AND person_key IN (SELECT person_key FROM asked)
        GROUP BY person_key
    ),
    late AS
    (
        SELECT employer, institution, institution_said, asked.person_key AS person_key, line, addMonths(examined, {months:Int32}) < day AS is_void
        FROM asked
        LEFT JOIN done ON done.person_key = asked.person_key
        WHERE NOT arrayExists(r -> r.1 >= examined AND ((r.2 = exam_no AND r.2 != '') OR r.3 = institution), rechecks)
            AND arrayCount(i -> toDayOfWeek(addDays(told, i)) < 6, range(1, toUInt64(greatest(dateDiff('day', told, day), 0)) + 1)) > {working_days:Int32}
    )
SELECT
    'employer'                                                                   AS object_kind,
    late.employer                                                                          AS object,
    if(any(dim_employer.employer_name) = '', late.employer, any(dim_employer.employer_name))         AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))                  AS area,
    if(countIf(is_void) > 0, 'orange', 'yellow')                                 AS severity,
    institution                                                                  AS cause,
    toFloat64(uniqExact(person_key))                                             AS score,
    map('n', toString(uniqExact(person_key)), 'void', toString(uniqExactIf(person_key, is_void)), 'days', toString({working_days:Int32}),
        'months', toString({months:Int32}), 'institution', if(max(institution_said) = '', institution, max(institution_said))) AS args,
    arraySort(groupArray(20)(line))                                              AS evidence,
    count()                                                                      AS n_evidence
FROM late
LEFT JOIN dim_employer ON dim_employer.employer_key = late.employer
GROUP BY late.employer, institution
