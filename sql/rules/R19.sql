-- id: R19
-- version: 1
-- title: 检出率高于预期 | Findings above the expected of the employer's hazards
-- message: {object}：{months}个月内检出{what}{n}人次，按所接触危害的全市检出率预期{expected}，标化比{ratio}（95%下限{lower}）
--   | {object}: {n} findings ({what}) in {months} months, {expected} expected at the city's rates of its hazards, ratio {ratio} (lower 95 % limit {lower})
-- severity: orange
-- addressee: CDC, JDS
-- due: 15 days
-- life: state
-- source: proposal (rules.md B); limit by Byar's approximation (Breslow and Day, IARC 1987, vol. II, eq. 2.13)
-- params: months = 12, min_cases = 3, z = 1.96
-- Indirect standardisation: exams and hazards of the last months, the rate of each hazard in the whole city against what the employer found.
-- Suspicions and contraindications apart.
WITH
    {week_end:Date32} AS day,
    results AS
    (
        SELECT employer_key, hazard, reading, count() AS exams, countIf(result = reading) AS findings
        FROM fct_exam_hazard
        ARRAY JOIN ['suspect', 'contra'] AS reading
        WHERE exam_date <= day AND exam_date > addMonths(day, -{months:Int32})
        GROUP BY employer_key, hazard, reading
    ),
    rates AS (SELECT hazard AS rated_hazard, reading AS rated, sum(findings) / sum(exams) AS rate FROM results GROUP BY rated_hazard, rated),
    found AS
    (
        SELECT
            employer_key AS employer, reading, sum(results.findings) AS observed, sum(results.exams * rate) AS expected,
            observed * pow(1 - 1 / (9 * observed) - {z:Float64} / (3 * sqrt(observed)), 3) / expected AS low
        FROM results
        INNER JOIN rates ON rated_hazard = hazard AND rated = reading
        GROUP BY employer, reading
        HAVING observed >= {min_cases:UInt32} AND expected > 0 AND low > 1
    )
SELECT
    'employer'                                                                   AS object_kind,
    found.employer                                                                          AS object,
    if(dim_employer.employer_name = '', found.employer, dim_employer.employer_name)         AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    reading                                                                      AS cause,
    low                                                                          AS score,
    map('n', toString(observed), 'expected', toString(round(expected, 2)), 'ratio', toString(round(observed / expected, 2)), 'lower', toString(round(low, 2)),
        'months', toString({months:Int32}), 'what', if(reading = 'contra', '职业禁忌证', '疑似职业病'), 'what_en', if(reading = 'contra', 'contraindication', 'suspicion')) AS args,
    lines.evidence                                                               AS evidence,
    toUInt64(observed)                                                           AS n_evidence
FROM found
LEFT JOIN
(
    SELECT if(using_key = '', employer_key::String, using_key::String) AS examined_at, kind, arraySort(groupArray(20)(concat('exam:', toString(batch), ':', toString(row)))) AS evidence
    FROM stg_exam
    ARRAY JOIN ['suspect', 'contra'] AS kind
    WHERE (has(conclusion, kind) OR conclusion_overall = kind) AND exam_date <= day AND exam_date > addMonths(day, -{months:Int32}) AND NOT is_reexam
    GROUP BY examined_at, kind
) AS lines ON lines.examined_at = found.employer AND lines.kind = found.reading
LEFT JOIN dim_employer ON dim_employer.employer_key = found.employer
