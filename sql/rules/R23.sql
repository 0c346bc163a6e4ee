-- id: R23
-- version: 1
-- title: 职业病危害因素超标 | Hazard above its limit
-- message: {object}：{n}个岗位因素超标，最高为{workshop}{post}的{what} {value} {unit}（限值 {limit}）
--   | {object}: {n} posts and hazards above the limit, highest {what} at {workshop} {post}: {value} {unit} (limit {limit})
-- severity: orange
-- addressee: EMP, JDS, TS
-- due: 15 days
-- life: event
-- source: found: limits of GBZ 2.1-2019 and 2.2-2007; grading of severity is a proposal. The high-toxic list is that of
--   卫法监发〔2003〕142号 from memory, unverified
-- params: twa_ratio = 5, silica_ratio = 2, noise_dba = 95, lookback_days = 90, high_toxic = 氨;苯;甲醛;氰化氢;氯气;氯;光气;碳酰氯;硫化氢;砷化氢;磷化氢;氟化氢;氟化物;硫酸二甲酯;汞及其化合物;黄磷;一氧化碳;氯乙烯;丙烯腈;二氧化氮;氰化物
-- One warning a report, with all its posts and hazards over the limit, dated by issue (by sampling where the issue is
-- not known). Red when some TWA is above twa_ratio times its limit, silica dust above silica_ratio times, noise at
-- or above noise_dba, or a ceiling of a high-toxic agent is broken.
WITH worst AS
(
    SELECT
        employer_key,
        report_no::String                                                           AS report,
        any(institution_name)::String                                               AS institution,
        ifNull(max(issue_date), max(sample_date))                                   AS known,
        max(sample_date)                                                            AS sampled,
        uniqExact(workshop, post, judged_as)                                        AS points,
        max(multiIf(judged_type = 'TWA' AND ratio > {twa_ratio:Float64}, 1,
            judged_as = 'HZ-1-001' AND ratio > {silica_ratio:Float64}, 1,
            judged_type = 'LEX' AND compared >= {noise_dba:Float64}, 1,
            judged_type = 'MAC' AND dim_hazard.name_zh IN splitByChar(';', {high_toxic:String}), 1, 0)) AS is_red,
        max(ifNull(ratio, 1))                                                       AS highest,
        max(if(judged_type = 'LEX', compared, 0))                                   AS loudest,
        argMax((workshop::String, post::String, if(dim_hazard.name_zh = '', hazard_text::String, dim_hazard.name_zh),
            if(dim_hazard.name_en = '', hazard_text::String, dim_hazard.name_en), toString(compared), unit::String, toString(limit_used)),
            (ifNull(ratio, compared / nullIf(limit_used, 0)), workshop, post))      AS top,
        groupArray(concat('detection:', toString(batch), ':', toString(row)))       AS lines
    FROM fct_detection_result
    LEFT JOIN dim_hazard ON dim_hazard.hazard = fct_detection_result.judged_as
    WHERE is_over
    GROUP BY employer_key, report
    HAVING known <= {week_end:Date32} AND known > addDays({week_end:Date32}, -{lookback_days:Int32})
)
SELECT
    'employer'                                                                   AS object_kind,
    worst.employer_key                                                           AS object,
    if(dim_employer.employer_name = '', worst.employer_key, dim_employer.employer_name) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    if(is_red = 1, 'red', 'orange')                                              AS severity,
    report                                                                       AS cause,
    highest + points / 100 + greatest(loudest - 85, 0) / 10                      AS score,
    map('n', toString(points), 'workshop', top.1, 'post', top.2, 'what', top.3, 'what_en', top.4,
        'value', top.5, 'unit', top.6, 'limit', top.7, 'report', report, 'sampled', toString(sampled)) AS args,
    arraySort(lines)                                                             AS evidence,
    length(lines)                                                                AS n_evidence
FROM worst
LEFT JOIN dim_employer ON dim_employer.employer_key = worst.employer_key
