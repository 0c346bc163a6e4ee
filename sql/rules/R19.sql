-- id: R19
-- version: 2
-- title: 检出率高于预期 | Findings above the expected of the employer's hazards
-- message: {object}：{months}个月内检出{what}{n}人次，按所接触危害的全市检出率预期{expected}，标化比{ratio}（95%下限{lower}，收缩后{shrunken}，漏斗图99.8%上限{funnel}，P={p}，{tests}个检验校正后Q={q}）
--   | {object}: {n} findings ({what}) in {months} months, {expected} expected at the city's rates of its hazards, ratio {ratio} (lower 95 % limit {lower}, shrunken {shrunken}, 99.8 % funnel limit {funnel}, p = {p}, q = {q} among {tests} tests)
-- severity: orange
-- addressee: CDC, JDS
-- due: 15 days
-- life: state
-- detector: tests
-- source: proposal (rules.md B); limit by Byar's approximation (Breslow and Day, IARC 1987, vol. II, eq. 2.13); funnel limits: Spiegelhalter, Stat Med 2005;24:1185–202; shrinkage: Marshall, Appl Stat 1991;40:283–94
-- params: months = 12, min_cases = 3, z = 1.96, fdr = 0.05
-- Indirect standardisation: exams and hazards of the last months, the rate of each hazard in the whole city against what the employer found.
-- Suspicions and contraindications apart. Every employer with exams is a test: the exact Poisson probability of as many findings or more. All tests of a
-- week are one family, of which fdr are false at most. Raised when the lower limit is above 1 as well and there are min_cases findings. The shrunken
-- ratio borrows from all employers (empirical Bayes): it is what is left when chance is taken out. The funnel limit is the ratio that an
-- employer of this size exceeds by chance once in a thousand times.
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
    compared AS
    (
        SELECT employer_key AS employer, reading, sum(results.findings) AS observed, sum(results.exams * rate) AS expected
        FROM results
        INNER JOIN rates ON rated_hazard = hazard AND rated = reading
        GROUP BY employer, reading
        HAVING expected > 0
    ),
    spread AS
    (
        SELECT
            reading AS of, sum(observed) / sum(expected) AS mean,
            greatest(sum(expected * pow(observed / expected - total, 2)) / sum(expected) - total / (sum(expected) / count()), 0) AS excess
        FROM (SELECT *, sum(observed) OVER (PARTITION BY reading) / sum(expected) OVER (PARTITION BY reading) AS total FROM compared)
        GROUP BY of, total
    ),
    found AS
    (
        SELECT
            employer, reading, observed, expected, mean + excess / (excess + mean / expected) * (observed / expected - mean) AS shrunken,
            if(observed = 0, 0, observed * pow(1 - 1 / (9 * observed) - {z:Float64} / (3 * sqrt(observed)), 3) / expected) AS low,
            -- the probabilities of k findings; those beyond the sum are below a billionth of the first
            arrayMap(k -> exp(k * log(expected) - expected - lgamma(k + 1)), range(toUInt32(ceil(expected + 12 * sqrt(expected) + 40)))) AS chance,
            if(observed = 0, 1, least(1, if(observed > length(chance), 0, arraySum(arraySlice(chance, observed + 1))))) AS p,
            (arrayFirstIndex(c -> c >= 0.999, arrayCumSum(chance)) - 1) / expected AS funnel
        FROM compared
        INNER JOIN spread ON of = reading
    )
SELECT
    'employer'                                                                   AS object_kind,
    found.employer                                                                          AS object,
    if(dim_employer.employer_name = '', found.employer, dim_employer.employer_name)         AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    reading                                                                      AS cause,
    if(observed >= {min_cases:UInt32} AND low > 1, low, 0)                        AS score,
    map('n', toString(observed), 'method', 'poisson_exact', 'expected', toString(round(expected, 2)), 'ratio', toString(round(observed / expected, 2)), 'lower', toString(round(low, 2)),
        'months', toString({months:Int32}), 'p', toString(p), 'shrunken', toString(round(shrunken, 2)), 'funnel', toString(round(funnel, 2)), 'what', if(reading = 'contra', '职业禁忌证', '疑似职业病'), 'what_en', if(reading = 'contra', 'contraindication', 'suspicion')) AS args,
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
