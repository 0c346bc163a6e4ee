-- id: R44
-- version: 1
-- title: 机构记分达到处理标准 | Demerit points of an institution
-- message: {object}：{months}个月内累计记分{points}分，达到{step}分标准
--   | {object}: {points} demerit points in {months} months, step of {step} reached
-- severity: orange
-- addressee: WJW, INST
-- due: 15 days
-- life: state
-- source: point 11 of the source document; the steps are set by the city
-- params: steps = 6;10;12, months = 12
-- Points of the last months that have not expired; the highest step reached is the cause.
WITH {week_end:Date32} AS day, arrayMap(s -> toFloat64OrZero(s), splitByChar(';', {steps:String})) AS levels, sums AS
(
    SELECT institution_code::String AS institution, max(institution_name)::String AS said, sum(points) AS total,
        arrayMax(arrayPushFront(arrayFilter(s -> total >= s, levels), 0)) AS step, arraySort(groupArray(20)(concat('demerit:', toString(batch), ':', toString(row)))) AS lines, count() AS n
    FROM stg_demerit
    WHERE demerit_date <= day AND demerit_date > addMonths(day, -{months:Int32}) AND (expires IS NULL OR expires > day)
    GROUP BY institution
    HAVING step > 0
)
SELECT
    'institution'                                                                AS object_kind,
    institution                                                                  AS object,
    if(said = '', institution, said)                                             AS object_name,
    {city:String}                                                                AS area,
    'orange'                                                                     AS severity,
    concat('step:', toString(step))                                              AS cause,
    total                                                                        AS score,
    map('points', toString(total), 'step', toString(step), 'months', toString({months:Int32})) AS args,
    lines                                                                        AS evidence,
    n                                                                            AS n_evidence
FROM sums
