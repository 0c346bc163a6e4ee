-- id: R29
-- version: 1
-- title: 检测结论与限值不符 | Judgement at odds with the limit
-- message: {object}：报告{report}（{employer}）{n}个岗位因素按限值超标而判为符合，如{what} {value} {unit}（限值 {limit}）
--   | {object}: report {report} ({employer}) calls {n} posts and hazards within the limit that are over it, such as {what} {value} {unit} (limit {limit})
-- severity: orange
-- addressee: INST, JDS
-- due: 10 working days
-- life: event
-- source: method found: GBZ 331-2024 annex G; days are a proposal
-- params: lookback_days = 90
-- Judged anew over the limit in force on the sampling day, 符合 in the report. One warning a report.
SELECT
    'institution'                                                                AS object_kind,
    j.institution_code                                                           AS object,
    if(any(names.said) = '', object, any(names.said))                            AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))        AS area,
    'orange'                                                                     AS severity,
    concat(j.employer_key, ':', j.report_no)                                     AS cause,
    toFloat64(count())                                                           AS score,
    map('n', toString(count()), 'report', j.report_no, 'employer', if(any(dim_employer.employer_name) = '', j.employer_key, any(dim_employer.employer_name)),
        'what', argMax(dim_hazard.name_zh, (ifNull(j.ratio, 0), j.workshop, j.post)), 'what_en', argMax(dim_hazard.name_en, (ifNull(j.ratio, 0), j.workshop, j.post)),
        'value', toString(argMax(j.worst, (ifNull(j.ratio, 0), j.workshop, j.post))), 'unit', argMax(j.unit, (ifNull(j.ratio, 0), j.workshop, j.post)),
        'limit', toString(argMax(j.limit_used, (ifNull(j.ratio, 0), j.workshop, j.post)))) AS args,
    arraySlice(arraySort(arrayMap(l -> concat('detection:', toString(l.1), ':', toString(l.2)), groupArrayArray(j.lines) AS all_lines)), 1, 20) AS evidence,
    length(all_lines)                                                            AS n_evidence
FROM fct_detection_judgement AS j
LEFT JOIN dim_employer ON dim_employer.employer_key = j.employer_key
LEFT JOIN dim_hazard ON dim_hazard.hazard = j.hazard
LEFT JOIN (SELECT institution_code::String AS code, max(institution_name)::String AS said FROM stg_detection GROUP BY code) AS names ON names.code = j.institution_code
WHERE j.dissent = 'missed' AND j.issue_date <= {week_end:Date32} AND j.issue_date > addDays({week_end:Date32}, -{lookback_days:Int32}) AND j.institution_code != ''
GROUP BY j.institution_code, j.employer_key, j.report_no
