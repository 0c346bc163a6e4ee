-- id: EARS
-- version: 1
-- title: 疑似职业病周报告数异常升高 | Suspected cases of a week above the expected
-- severity: orange
-- addressee: CDC
-- due: 10 working days
-- life: event
-- detector: ears
-- series: suspected_by_township
-- source: Hutwagner et al. 2003; the least number of cases follows rule R05 (proposal)
-- params: baseline = 7, min_sigma = 0, alpha = 0.001, alpha_c3 = 0.025, min_cases = 3
-- Weekly numbers of suspected cases by the township of the employer and date of report, from the first report on,
-- weeks without one as 0. C1, C2 and C3 of every week go to det_point; a warning is raised for the week when one of
-- them alarms (C3 in its published form, which looks at the week itself) and min_cases were reported; the series of
-- the whole city is only stored.
WITH
    toDate32(toMonday({week_end:Date32})) AS last_week,
    cards AS
    (
        SELECT
            arrayJoin([if(dim_employer.area = '', 'unassigned', dim_employer.area), {city:String}]) AS stratum,
            toDate32(toMonday(report_date))                                    AS week,
            concat('case_report:', toString(batch), ':', toString(row))        AS line
        FROM stg_case_report
        LEFT JOIN dim_employer ON dim_employer.employer_key = stg_case_report.employer_key::String
        WHERE card_kind = 'suspected' AND report_kind IN ('new', 'correction', '') AND report_date <= {week_end:Date32}
    ),
    (SELECT min(week) FROM cards) AS first_week
SELECT
    places.stratum                                                               AS stratum,
    places.name_zh                                                               AS name_zh,
    places.name_en                                                               AS name_en,
    ifNull(first_week, last_week)                                                AS first_monday,
    arrayMap(i -> toFloat64(arrayCount(w -> w = addDays(first_monday, 7 * i), per.weeks)),
        range(toUInt32(intDiv(dateDiff('day', first_monday, last_week), 7) + 1))) AS counts,
    arraySort(arrayFilter((l, w) -> w = last_week, per.lines, per.weeks))        AS evidence
FROM
(
    SELECT township AS stratum, name_zh, name_en FROM dim_township
    UNION ALL
    SELECT 'unassigned', '未归属乡镇', 'unassigned'
    UNION ALL
    SELECT {city:String}, '全市', 'the whole city'
) AS places
LEFT JOIN
(
    SELECT stratum, groupArray(week) AS weeks, groupArray(line) AS lines FROM cards GROUP BY stratum
) AS per ON per.stratum = places.stratum
ORDER BY stratum
