-- id: DET-RISE
-- version: 1
-- title: 危害因素水平上升 | Levels of a hazard rising
-- message: {object}：{what}{rounds}轮检测呈上升趋势（{posts}个岗位，Kendall S={s}，最近一轮最高为限值的 {ratio} 倍，{methods}，P={p}，{tests}个检验校正后Q={q}）
--   | {object}: {what} rises over {rounds} rounds ({posts} posts, Kendall's S = {s}, {ratio} times the limit at most in the last round, {methods}, p = {p}, q = {q} among {tests} tests)
-- severity: yellow
-- addressee: CDC, JDS
-- due: 30 days
-- life: state
-- detector: tests
-- source: proposal; Kendall's test for values below a detection limit: Helsel, Statistics for Censored Environmental Data, 2012; over many sites: Helsel and Frans, Environ Sci Technol 2006;40:4066–73
-- params: min_rounds = 4, max_rounds = 12, least = 0.25, months = 15, min_employers = 5, fdr = 0.05
-- All measurements of a factor at an employer in a quarter of a year are a round. For each two rounds the posts that were measured in both say whether levels rose or
-- fell; what lies below a detection limit and cannot be told apart says nothing. The majority of the posts decides, so that posts measured on one day count as
-- one. Kendall's S over the rounds of the employer has its exact distribution. For a factor in the whole city the S of its employers, which are independent, are
-- added up (normal approximation, variance without ties, which is on the safe side). Employers and factors are one family of tests. Raised when the last round reached least of the limit;
-- looked at are those with a report in the last months. Single posts near their limit are R25.
WITH
    {week_end:Date32} AS day,
    measured AS
    (
        SELECT
            employer_key AS employer, hazard, limit_type, workshop, post, fraction, toStartOfQuarter(sample_date) AS round,
            max(worst / limit_used) AS x, argMax(NOT is_measured, worst / limit_used) AS is_below, max(issue_date) AS issued, any(lines) AS rows
        FROM fct_detection_judgement
        WHERE issue_date <= day AND limit_type IN ('TWA', 'STEL', 'MAC', 'LEX') AND limit_used > 0 AND worst > 0
        GROUP BY employer, hazard, limit_type, workshop, post, fraction, round
    ),
    pairs AS
    (
        SELECT
            a.employer AS employer, a.hazard AS hazard, a.limit_type AS kind, a.round AS r1, b.round AS r2,
            sign(sum(multiIf(a.is_below AND b.is_below, 0, a.is_below, if(b.x >= a.x, 1, 0), b.is_below, if(a.x >= b.x, -1, 0), toInt8(sign(b.x - a.x))))) AS s
        FROM measured AS a
        INNER JOIN measured AS b
            ON a.employer = b.employer AND a.hazard = b.hazard AND a.limit_type = b.limit_type AND a.workshop = b.workshop AND a.post = b.post AND a.fraction = b.fraction
        WHERE a.round < b.round AND a.round > addMonths(day, -12 * {max_rounds:Int32})
        GROUP BY employer, hazard, kind, r1, r2
    ),
    trends AS
    (
        SELECT employer, hazard, kind, toInt64(least(uniqExactArray([r1, r2]), {max_rounds:Int32})) AS n, toInt64(sum(s)) AS total, max(r2) AS last_round
        FROM pairs
        GROUP BY employer, hazard, kind
        HAVING n >= 3
    ),
    -- the permutations of n rounds by their number of inversions
    orders AS
    (
        SELECT toInt64(m) AS size, arrayFold((acc, k) -> arrayMap(i -> arraySum(arraySlice(acc, greatest(1, i - k + 1), least(i, toInt64(length(acc))) - greatest(1, i - k + 1) + 1)),
            range(toInt64(1), toInt64(length(acc)) + k)), range(toInt64(2), toInt64(m) + 1), [toFloat64(1)]) AS counts
        FROM (SELECT arrayJoin(range(3, 13)) AS m)
    ),
    newest AS
    (
        SELECT employer, hazard, limit_type AS kind, round, max(x) AS ratio, uniqExact((workshop, post, fraction)) AS posts,
            arraySort(arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), arrayDistinct(arrayFlatten(groupArray(rows))))) AS evidence
        FROM measured
        WHERE issued > addMonths(day, -{months:Int32})
        GROUP BY employer, hazard, kind, round
    ),
    tested AS
    (
        SELECT trends.employer AS employer, trends.hazard AS hazard, trends.kind AS kind, n, total, ratio, posts, evidence,
            arraySum(arraySlice(counts, 1, intDiv(intDiv(n * (n - 1), 2) - total, 2) + 1)) / arraySum(counts) AS p
        FROM trends
        INNER JOIN orders ON size = n
        INNER JOIN newest ON newest.employer = trends.employer AND newest.hazard = trends.hazard AND newest.kind = trends.kind AND newest.round = trends.last_round
    )
SELECT
    'employer'                                                                   AS object_kind,
    tested.employer                                                              AS object,
    if(dim_employer.employer_name = '', tested.employer, dim_employer.employer_name) AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    concat(tested.hazard, ':', tested.kind)                                      AS cause,
    if(total > 0 AND ratio >= {least:Float64}, toFloat64(total), 0)               AS score,
    map('what', dim_hazard.name_zh, 'what_en', dim_hazard.name_en, 'rounds', toString(n), 'posts', toString(posts), 's', toString(total), 'ratio', toString(round(ratio, 2)),
        'observed', toString(total), 'expected', '0', 'method', 'kendall_exact', 'p', toString(p)) AS args,
    tested.evidence                                                              AS evidence,
    toUInt64(length(tested.evidence))                                            AS n_evidence
FROM tested
LEFT JOIN dim_employer ON dim_employer.employer_key = tested.employer
LEFT JOIN dim_hazard ON dim_hazard.hazard = tested.hazard
WHERE n >= {min_rounds:Int32}
UNION ALL
SELECT
    'hazard', together.hazard, dim_hazard.name_zh, {city:String}, 'yellow', concat('city:', together.kind),
    if(z > 0 AND ratio >= {least:Float64}, z, 0),
    map('what', '', 'what_en', '', 'object_en', dim_hazard.name_en, 'rounds', toString(rounds), 'posts', toString(posts), 's', toString(total), 'ratio', toString(round(ratio, 2)),
        'observed', toString(total), 'expected', '0', 'method', 'kendall_regional', 'p', toString(erfc(z / sqrt(2)) / 2)),
    rows, toUInt64(length(rows))
FROM
(
    SELECT hazard, kind, sum(total) AS total, sum(n * (n - 1) * (2 * n + 5) / 18) AS variance, max(n) AS rounds, sum(posts) AS posts, max(ratio) AS ratio,
        if(total > 0, (total - 1) / sqrt(variance), 0) AS z, arraySort(arrayFlatten(groupArray(evidence))) AS rows
    FROM (SELECT hazard, kind, tested.total AS total, n, posts, ratio, evidence FROM tested)
    GROUP BY hazard, kind
    HAVING count() >= {min_employers:Int32}
) AS together
LEFT JOIN dim_hazard ON dim_hazard.hazard = together.hazard
