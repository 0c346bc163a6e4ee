-- id: R26
-- version: 1
-- title: 技术服务机构结果可疑 | Results of an institution not plausible
-- message: {object}：{why}
--   | {object}: {why}
-- severity: orange
-- addressee: WJW, JDS
-- due: 30 days
-- life: state
-- source: proposal (rules.md C); over-limit shares of peers found 11 to 36 %
-- params: months = 12, min_reports = 30, tail_p = 0.001, min_values = 50, same_percent = 20, digits_chi2 = 27.88, near_percent = 20, max_samples_day = 200, min_exams = 2000, missing_percent = 5, min_items = 1000
-- One warning an institution and ground, over the last months:
-- all_below     min_reports or more reports, none over a limit, while so many all below had a probability under tail_p at the peers' share
-- same_values   one value of one hazard makes up same_percent of min_values or more measured results
-- digits        last digits of noise levels are not even: chi squared with 9 degrees of freedom above digits_chi2 (p = 0.001)
-- below_85      more than near_percent of min_values noise levels lie from 84 to below 85 dB(A)
-- dates         laboratory or issue date before sampling
-- day_load      more than max_samples_day results sampled on one day
-- no_findings   min_exams exams or more without any suspicion or contraindication
-- missing_items more than missing_percent of min_items exam items or more are marked missing
-- Which team sampled is personal and not kept, so the same team at two places at once cannot be seen.
WITH
    {week_end:Date32} AS day,
    addMonths(day, -{months:Int32}) AS since,
    results AS
    (
        SELECT institution_code::String AS institution, institution_name::String AS name, report_no::String AS report, judged_as, judged_type, value, qualifier, is_over,
            sample_date, batch, row
        FROM fct_detection_result
        WHERE sample_date > since AND sample_date <= day AND institution_code != ''
    ),
    reports AS
    (
        SELECT institution, count() AS n_reports, countIf(over) AS n_over, arraySort(groupArray(20)(line)) AS lines
        FROM (SELECT institution, report, max(is_over) AS over, min(concat('detection:', toString(batch), ':', toString(row))) AS line FROM results GROUP BY institution, report)
        GROUP BY institution
    ),
    peers AS (SELECT sum(n_reports) AS all_reports, sum(n_over) AS all_over FROM reports),
    names AS
    (
        SELECT code, max(name) AS said
        FROM
        (
            SELECT institution AS code, name FROM results
            UNION ALL
            SELECT institution_code::String, institution_name::String FROM stg_exam WHERE exam_date > since AND exam_date <= day
        )
        GROUP BY code
    ),
    found AS
    (
        SELECT institution, 'all_below' AS cause, -log10(tail) AS score, toString(n_reports) AS a, toString(round(100 * share, 1)) AS b, lines, n_reports AS n,
            (all_over - n_over) / nullIf(all_reports - n_reports, 0) AS share, exp(n_reports * log(1 - least(share, 0.999))) AS tail
        FROM reports CROSS JOIN peers
        WHERE n_over = 0 AND n_reports >= {min_reports:UInt32} AND ifNull(tail < {tail_p:Float64}, false)
        UNION ALL
        SELECT institution, concat('same_values:', judged_as, ':', judged_type), toFloat64(most), toString(top), toString(round(100 * most / total, 1)), lines, most, NULL, NULL
        FROM
        (
            SELECT institution, judged_as, judged_type, sum(times) AS total, max(times) AS most, argMax(v, times) AS top, argMax(value_lines, times) AS lines
            FROM
            (
                SELECT institution, judged_as, judged_type, assumeNotNull(value) AS v, count() AS times, arraySort(groupArray(20)(concat('detection:', toString(batch), ':', toString(row)))) AS value_lines
                FROM results WHERE qualifier = 'eq' AND value IS NOT NULL AND judged_type IN ('TWA', 'STEL', 'MAC', 'LEX')
                GROUP BY institution, judged_as, judged_type, v
            )
            GROUP BY institution, judged_as, judged_type
            HAVING total >= {min_values:UInt32} AND most * 100 > total * {same_percent:Float64}
        )
        UNION ALL
        SELECT institution, 'digits', chi2, toString(round(chi2, 1)), toString(total), lines, total, NULL, NULL
        FROM
        (
            SELECT institution, sum(times) AS total, groupArray(times) AS seen, arraySum(c -> pow(c - total / 10, 2), seen) + (10 - length(seen)) * pow(total / 10, 2) AS squares,
                squares / (total / 10) AS chi2, arraySlice(arraySort(groupArrayArray(digit_lines)), 1, 20) AS lines
            FROM
            (
                SELECT institution, toUInt8(round(assumeNotNull(value) * 10) % 10) AS digit, count() AS times, groupArray(2)(concat('detection:', toString(batch), ':', toString(row))) AS digit_lines
                FROM results WHERE judged_type = 'LEX' AND qualifier = 'eq' AND value IS NOT NULL
                GROUP BY institution, digit
            )
            GROUP BY institution
            HAVING total >= {min_values:UInt32} AND chi2 > {digits_chi2:Float64}
        )
        UNION ALL
        SELECT institution, 'below_85', toFloat64(near), toString(near), toString(total), lines, near, NULL, NULL
        FROM
        (
            SELECT institution, count() AS total, countIf(value >= 84 AND value < 85) AS near,
                arraySort(groupArrayIf(20)(concat('detection:', toString(batch), ':', toString(row)), value >= 84 AND value < 85)) AS lines
            FROM results WHERE judged_type = 'LEX' AND qualifier = 'eq' AND value IS NOT NULL
            GROUP BY institution
            HAVING total >= {min_values:UInt32} AND near * 100 > total * {near_percent:Float64}
        )
        UNION ALL
        SELECT institution_code::String AS institution, 'dates', toFloat64(count()), toString(count()), toString(uniqExact(report_no)),
            arraySort(groupArray(20)(concat('detection:', toString(batch), ':', toString(row)))), count(), NULL, NULL
        FROM stg_detection
        WHERE sample_date > since AND sample_date <= day AND NOT sample_date_month_only AND (lab_date < sample_date OR issue_date < sample_date) AND institution_code != ''
        GROUP BY institution
        UNION ALL
        SELECT institution, 'day_load', max(toFloat64(samples)), toString(max(samples)), toString(argMax(sample_date, samples)), argMax(day_lines, samples), max(samples), NULL, NULL
        FROM
        (
            SELECT institution, sample_date, count() AS samples, arraySort(groupArray(20)(concat('detection:', toString(batch), ':', toString(row)))) AS day_lines
            FROM results
            GROUP BY institution, sample_date
            HAVING samples > {max_samples_day:UInt32}
        )
        GROUP BY institution
        UNION ALL
        SELECT institution_code::String AS institution, 'no_findings', toFloat64(count()), toString(count()), '0', arraySort(groupArray(20)(concat('exam:', toString(batch), ':', toString(row)))), count(), NULL, NULL
        FROM stg_exam
        WHERE exam_date > since AND exam_date <= day AND NOT is_reexam
        GROUP BY institution
        HAVING count() >= {min_exams:UInt32} AND countIf(conclusion_overall IN ('suspect', 'contra') OR hasAny(conclusion, ['suspect', 'contra'])) = 0
        UNION ALL
        SELECT institution_code::String AS institution, 'missing_items', toFloat64(countIf(ifNull(is_missing, false))), toString(countIf(ifNull(is_missing, false))), toString(count()),
            arraySort(groupArrayIf(20)(concat('exam_item:', toString(batch), ':', toString(row)), ifNull(is_missing, false))), countIf(ifNull(is_missing, false)), NULL, NULL
        FROM stg_exam_item
        WHERE (institution_code::String, exam_no) IN (SELECT institution_code::String, exam_no FROM stg_exam WHERE exam_date > since AND exam_date <= day)
        GROUP BY institution
        HAVING count() >= {min_items:UInt32} AND countIf(ifNull(is_missing, false)) * 100 > count() * {missing_percent:Float64}
    )
SELECT
    'institution'                                                                AS object_kind,
    institution                                                                  AS object,
    if(names.said = '', institution, names.said)                                 AS object_name,
    {city:String}                                                                AS area,
    'orange'                                                                     AS severity,
    found.cause                                                                  AS cause,
    toFloat64(ifNull(found.score, 0))                                            AS score,
    map('why', multiIf(
            startsWith(cause, 'same_values'), concat('同一数值 ', a, ' 占 ', b, '%（', dim_hazard.name_zh, '）'),
            cause = 'all_below', concat(a, '份报告无一超标，同行超标率 ', b, '%'),
            cause = 'digits', concat('噪声结果末位数字分布异常（卡方 ', a, '，', b, '个结果）'),
            cause = 'below_85', concat(b, '个噪声结果中 ', a, ' 个为84.x分贝'),
            cause = 'dates', concat(a, '个结果的检测或出具日期早于采样（', b, '份报告）'),
            cause = 'day_load', concat('一日采样 ', a, ' 个结果（', b, '）'),
            cause = 'no_findings', concat(a, '人次体检无一疑似或禁忌'),
            concat(b, '个体检项目中缺项 ', a, ' 个')),
        'why_en', multiIf(
            startsWith(cause, 'same_values'), concat('the value ', a, ' in ', b, ' % of results (', dim_hazard.name_en, ')'),
            cause = 'all_below', concat('none of ', a, ' reports over a limit, ', b, ' % of the peers\' are'),
            cause = 'digits', concat('last digits of ', b, ' noise levels are uneven (chi squared ', a, ')'),
            cause = 'below_85', concat(a, ' of ', b, ' noise levels at 84.x dB(A)'),
            cause = 'dates', concat(a, ' results analysed or issued before they were sampled (', b, ' reports)'),
            cause = 'day_load', concat(a, ' results sampled on one day (', b, ')'),
            cause = 'no_findings', concat(a, ' exams without any suspicion or contraindication'),
            concat(a, ' of ', b, ' exam items missing')))                         AS args,
    found.lines                                                                  AS evidence,
    toUInt64(found.n)                                                            AS n_evidence
FROM found
LEFT JOIN names ON names.code = found.institution
LEFT JOIN dim_hazard ON dim_hazard.hazard = splitByChar(':', found.cause)[2]
