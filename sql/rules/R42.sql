-- id: R42
-- version: 1
-- title: 目标预计不能完成 | Target likely to be missed
-- message: {object}：{what}按目前进度年底为 {projected}%，目标 {target}%（现为 {now}%）
--   | {object}: {what} will be at {projected} % at the end of the year at present speed, target {target} % (now {now} %)
-- severity: yellow
-- addressee: GOV, TS
-- due: 30 days
-- life: state
-- source: proposal (rules.md E)
-- params: months = 6, min_units = 20, from_month = 4
-- The headline reading of each target that is a share: the last monthly reading of the year, plus what it gained a month in the last months times the
-- months that are left. City and townships with min_units or more, from month from_month on. Reads the values that the last transform
-- stored; without a transform it says nothing. Intervals and other methods are in ohwatch indicators project.
WITH
    {week_end:Date32} AS day,
    readings AS
    (
        SELECT v.indicator AS indicator, v.area AS area, v.dim AS dim, v.as_of_date AS read_on, v.value AS value, v.target AS target, v.denominator AS units,
            c.title_zh AS name_zh, c.title_en AS name_en
        FROM ind_value AS v
        INNER JOIN ind_catalog AS c ON c.indicator = v.indicator AND c.variant = v.variant
        WHERE c.is_headline AND c.unit = 'share' AND c.direction = 'up' AND v.period_kind = 'month' AND v.dim IN ('', 'township') AND v.value IS NOT NULL
            AND v.as_of_date <= day AND v.as_of_date > addMonths(day, -{months:Int32} - 2)
    ),
    courses AS
    (
        SELECT indicator, area, any(name_zh) AS name_zh, any(name_en) AS name_en, argMax(target, read_on) AS target, argMax(units, read_on) AS units,
            arrayReverseSort(groupArray((read_on, assumeNotNull(value)))) AS points, points[1] AS last, points[least(length(points), {months:Int32} + 1)] AS first,
            dateDiff('day', first.1, last.1) / 30.44 AS span, toUInt16(toYear(last.1)) AS year,
            (last.2 - first.2) / greatest(span, 1) AS speed,
            least(greatest(last.2 + speed * dateDiff('day', last.1, makeDate32(year, 12, 31)) / 30.44, 0), 1) AS projected
        FROM readings
        GROUP BY indicator, area
        HAVING length(points) >= 3 AND toYear(last.1) = toYear(day) AND toMonth(last.1) >= {from_month:UInt8}
    )
SELECT
    if(dim_township.township = '', 'city', 'township')                           AS object_kind,
    courses.area                                                                 AS object,
    if(dim_township.name_zh = '', courses.area, dim_township.name_zh)            AS object_name,
    courses.area                                                                 AS area,
    'yellow'                                                                     AS severity,
    concat(indicator, ':', toString(year))                                       AS cause,
    ifNull(target - projected, 0)                                                AS score,
    map('what', name_zh, 'what_en', name_en, 'projected', toString(round(100 * projected, 1)), 'target', toString(round(100 * ifNull(target, 0), 1)),
        'now', toString(round(100 * last.2, 1)), 'addressee', if(dim_township.township = '', 'GOV', 'GOV, TS')) AS args,
    []::Array(String)                                                            AS evidence,
    toUInt64(ifNull(units, 0))                                                   AS n_evidence
FROM courses
LEFT JOIN dim_township ON dim_township.township = courses.area
WHERE courses.area != 'unassigned' AND ifNull(units >= {min_units:Float64} AND target IS NOT NULL AND projected < target, false)
