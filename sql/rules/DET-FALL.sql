-- id: DET-FALL
-- version: 1
-- title: 覆盖率下降 | Coverage falling
-- message: {object}：{what}在{read_on}为 {now}%（{units}个单位），{before_on}为 {before}%，下降 {fall} 个百分点（两率检验，P={p}，{tests}个检验校正后Q={q}）
--   | {object}: {what} was {now} % on {read_on} ({units} units), {before} % on {before_on}, a fall of {fall} points (two proportions, p = {p}, q = {q} among {tests} tests)
-- severity: yellow
-- addressee: CDC, TS
-- due: 30 days
-- life: state
-- detector: tests
-- source: proposal
-- params: least_points = 2, min_units = 20, fdr = 0.05
-- The headline reading of each target that is a share and shall be high, city and townships: the last reading at the end of a month against those a quarter and
-- a year earlier, by the one-sided test of two proportions with a continuity correction. The smaller p counts, doubled for having looked twice. The units are largely the same ones at
-- both times, so that the test is on the safe side. Reads the values that the last transform stored; without a transform it says nothing.
WITH
    {week_end:Date32} AS day,
    readings AS
    (
        SELECT v.indicator AS indicator, v.area AS area, any(c.title_zh) AS name_zh, any(c.title_en) AS name_en,
            arrayReverseSort(groupArray((v.as_of_date, v.numerator, assumeNotNull(v.denominator)))) AS points, points[1] AS last,
            arrayFirst(p -> p.1 = toLastDayOfMonth(addYears(last.1, -1)), points)        AS year_ago,
            arrayFirst(p -> p.1 = toLastDayOfMonth(addMonths(last.1, -3)), points)       AS quarter_ago
        FROM ind_value AS v
        INNER JOIN ind_catalog AS c ON c.indicator = v.indicator AND c.variant = v.variant
        WHERE c.is_headline AND c.unit = 'share' AND c.direction = 'up' AND v.period_kind = 'month' AND v.dim IN ('', 'township') AND v.value IS NOT NULL
            AND v.denominator >= {min_units:Float64} AND v.as_of_date = toLastDayOfMonth(v.as_of_date) AND v.as_of_date <= day
            AND v.as_of_date > addMonths(day, -14) AND startsWith(v.indicator, 'T') AND v.area != 'unassigned'
        GROUP BY v.indicator, v.area
        HAVING last.1 > addMonths(day, -2) AND (year_ago.3 > 0 OR quarter_ago.3 > 0)
    ),
    compared AS
    (
        SELECT
            indicator, area, name_zh, name_en, last, last.2 / last.3                      AS now,
            arrayFilter(p -> p.3 > 0, [year_ago, quarter_ago])                            AS earlier,
            arrayMap(p -> (p.2 + last.2) / (p.3 + last.3), earlier)                       AS pooled,
            arrayMap((p, r) -> if(r IN (0, 1), 1, erfc((p.2 / p.3 - now - 0.5 * (1 / p.3 + 1 / last.3))
                / sqrt(r * (1 - r) * (1 / p.3 + 1 / last.3)) / sqrt(2)) / 2), earlier, pooled) AS tails,
            arraySort((p, tail) -> tail, earlier, tails)[1]                               AS against,
            least(1, arrayMin(tails) * length(earlier))                                   AS p,
            against.2 / against.3 - now                                                   AS fall
        FROM readings
    )
SELECT
    if(dim_township.township = '', 'city', 'township')                           AS object_kind,
    compared.area                                                                AS object,
    if(dim_township.township = '', '全市', dim_township.name_zh)                  AS object_name,
    compared.area                                                                AS area,
    'yellow'                                                                     AS severity,
    indicator                                                                    AS cause,
    if(100 * fall >= {least_points:Float64}, fall, 0)                            AS score,
    map('object_en', if(dim_township.township = '', 'The whole city', dim_township.name_en), 'what', name_zh, 'what_en', name_en, 'now', toString(round(100 * now, 1)), 'before', toString(round(100 * (fall + now), 1)),
        'fall', toString(round(100 * fall, 1)), 'read_on', toString(last.1), 'before_on', toString(against.1), 'units', toString(last.3), 'p', toString(p),
        'observed', toString(last.2), 'expected', toString(round(last.3 * (fall + now), 1)), 'method', 'two_proportions',
        'addressee', if(dim_township.township = '', 'CDC', 'CDC, TS'))            AS args,
    []::Array(String)                                                            AS evidence,
    toUInt64(last.3)                                                             AS n_evidence
FROM compared
LEFT JOIN dim_township ON dim_township.township = compared.area
