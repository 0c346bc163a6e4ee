-- name: patient_transitions
-- title: How long patients' cases take from one step to the next, as columns
-- One row a transition and place: the days seen so far, whether the next step was reached, how many ended without it on an unknown
-- day (closed). Only cases whose first step lies in the period. A case ends with death; stages are seen up to the last paper.
SELECT
    transition,
    place,
    groupArrayIf(days, NOT is_closed)          AS durations,
    groupArrayIf(is_reached::Bool, NOT is_closed) AS reached,
    countIf(is_closed)                         AS n_closed
FROM
(
    SELECT
        step.1                                                                          AS transition,
        arrayJoin(if({by:String} = 'township', ['', area], ['']))                       AS place,
        ifNull(step.2, toDate32('1900-01-01'))                                          AS begun,
        step.3 IS NOT NULL AND ifNull(step.3, begun) <= {today:Date32}                  AS is_reached,
        toFloat64(greatest(0, dateDiff('day', begun, if(is_reached, ifNull(step.3, begun), least(step.5, {today:Date32}, ifNull(death_date, {today:Date32})))))) AS days,
        step.4 AND NOT is_reached                                                       AS is_closed
    FROM
    (
        SELECT
            *,
            arrayFilter(s -> s.1 > first_stage, stages)                                                AS higher,
            if(empty(higher), NULL, arrayMin(s -> s.2, higher))::Nullable(Date32)                      AS progressed,
            arrayFirst(s -> s.1 = first_stage, stages).2                                               AS staged,
            if(stage_2_date > stage_3_date, NULL, stage_3_date)::Nullable(Date32)                      AS third
        FROM fct_patient_case
        WHERE {area:String} = '' OR area = {area:String}
    )
    ARRAY JOIN [
        ('diagnosis',      suspected_date,  diagnosed_date,  suspect_outcome IN ('diagnosed', 'excluded'), {today:Date32}, true),
        ('appraisal',      diagnosed_date,  appraised_date,  false, {today:Date32}, is_diagnosed),
        ('recognition',    diagnosed_date,  recognised_date, appraisal_result = 'reversed', {today:Date32}, is_diagnosed),
        ('benefits',       recognised_date, benefit_date,    false, {today:Date32}, true),
        ('any_benefits',   diagnosed_date,  benefit_date,    appraisal_result = 'reversed', {today:Date32}, is_diagnosed),
        ('follow_up',      diagnosed_date,  followed_date,   appraisal_result = 'reversed', {today:Date32}, is_diagnosed),
        ('from_stage_1',   staged,          progressed,      false, last_date, is_pneumoconiosis AND first_stage = '1'),
        ('from_stage_2',   stage_2_date,    third,           false, last_date, is_pneumoconiosis)]
        ::Array(Tuple(String, Nullable(Date32), Nullable(Date32), Bool, Date32, Bool)) AS step
    WHERE step.2 IS NOT NULL AND step.6 AND step.2 BETWEEN {start:Date32} AND {end:Date32} AND step.2 <= {today:Date32}
)
GROUP BY transition, place
ORDER BY transition, place
