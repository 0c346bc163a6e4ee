-- id: R15
-- version: 1
-- title: 在岗期间职业健康检查逾期 | In-service exam overdue
-- message: {object}：在岗检查逾期{overdue}人（逾期超过{late_days}天{late}人），{ahead_days}天内到期{ahead}人，应检{exposed}人
--   | {object}: in-service exam overdue for {overdue} of {exposed} workers ({late} for more than {late_days} days), due within {ahead_days} days for {ahead}
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: cycles found in GBZ 188-2025; pre-warning and shares are proposals
-- params: ahead_days = 60, late_days = 90, late_percent = 20, late_persons = 10, seen_days = 1095
-- One warning an employer. Workers whose exam for some mandatory hazard has run out, no more than the head count
-- leaves beside those who are covered or not yet due, for leavers seldom say goodbye; nobody counts whose last
-- exam lies seen_days back. Orange when those overdue for more than late_days are late_persons, or late_percent
-- of the exposed; else yellow, also when nobody is overdue yet but exams run out within ahead_days: those are the
-- evidence then.
WITH
    {week_end:Date32} AS day,
    posts AS
    (
        SELECT employer_key, sum(most) AS declared
        FROM
        (
            SELECT employer_key, workshop, post, max(exposed) AS most
            FROM fct_declaration_state
            WHERE day BETWEEN valid_from AND valid_to
                AND hazard IN (SELECT hazard FROM dim_exam_cycle WHERE day BETWEEN edition_from AND edition_to)
            GROUP BY employer_key, workshop, post
        )
        GROUP BY employer_key
    ),
    persons AS
    (
        SELECT
            employer_key,
            countIf(day <= full_until OR (day > any_until AND day <= not_due_until))           AS in_time,
            countIf(day > full_until AND last_seen > addDays(day, -{seen_days:Int32}))         AS known_overdue,
            countIf(day > addDays(greatest(full_until, last_seen), {late_days:Int32}) AND day > full_until
                AND last_seen > addDays(day, -{seen_days:Int32}))                              AS known_late,
            countIf(day <= full_until AND addDays(day, {ahead_days:Int32}) > full_until)       AS ahead,
            maxIf(dateDiff('day', greatest(full_until, last_seen), day), day > full_until
                AND last_seen > addDays(day, -{seen_days:Int32}))                              AS longest
        FROM fct_exam_segment
        WHERE day BETWEEN valid_from AND valid_to AND basis = ''
        GROUP BY employer_key
    ),
    employers AS
    (
        SELECT
            dim_employer.employer_key AS employer_key, employer_name, area,
            greatest(toInt64(multiIf(posts.employer_key != '', posts.declared, is_discovered, in_time + known_overdue, toUInt64(exposed_total)))
                - toInt64(in_time), 0)                                                         AS room,
            least(toInt64(known_overdue), room)                                                AS overdue,
            least(toInt64(known_late), room)                                                   AS late,
            in_time, ahead, longest
        FROM persons
        INNER JOIN dim_employer ON dim_employer.employer_key = persons.employer_key
        LEFT JOIN posts ON posts.employer_key = persons.employer_key
        WHERE status != 'stopped' AND (status != 'closed' OR close_date > day) AND (close_date IS NULL OR close_date > day)
    )
SELECT
    'employer'                                                                   AS object_kind,
    employers.employer_key                                                       AS object,
    employer_name                                                                AS object_name,
    employers.area                                                               AS area,
    if(late > 0 AND (late >= {late_persons:Int32} OR late * 100 >= {late_percent:Int32} * (overdue + toInt64(in_time))),
        'orange', 'yellow')                                                      AS severity,
    'in_service'                                                                 AS cause,
    toFloat64(overdue * 10 + late * 10) + ahead                                  AS score,
    map('overdue', toString(overdue), 'late', toString(late), 'late_days', toString({late_days:Int32}), 'ahead', toString(ahead),
        'ahead_days', toString({ahead_days:Int32}), 'longest', toString(if(overdue > 0, longest, 0)),
        'exposed', toString(overdue + toInt64(in_time)))                         AS args,
    lines.evidence                                                               AS evidence,
    toUInt32(if(overdue > 0, toUInt64(overdue), ahead))                          AS n_evidence
FROM employers
LEFT JOIN
(
    SELECT
        if(using_key = '', employer_key, using_key)::String                                AS exam_employer,
        arraySort(groupArray(20)(concat('exam:', toString(batch), ':', toString(row))))    AS evidence
    FROM stg_exam
    WHERE (person_key, if(using_key = '', employer_key, using_key)::String, exam_date) IN (
        SELECT person_key, employer_key, last_seen
        FROM fct_exam_segment
        INNER JOIN employers ON employers.employer_key = fct_exam_segment.employer_key
        WHERE day BETWEEN valid_from AND valid_to AND basis = '' AND last_seen > addDays(day, -{seen_days:Int32})
            AND if(overdue > 0, day > full_until, day <= full_until AND addDays(day, {ahead_days:Int32}) > full_until))
    GROUP BY exam_employer
) AS lines ON lines.exam_employer = employers.employer_key
WHERE overdue > 0 OR ahead > 0
