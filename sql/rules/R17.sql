-- id: R17
-- version: 1
-- title: 职业禁忌证人员仍在接触 | Contraindicated worker still exposed
-- message: {employer}：职业禁忌证人员（{object}）{finding}被判定不得接触{what}，{later}仍在接触（{days}天后）
--   | {employer}: worker ({object}) found unfit for {what} on {finding}, still exposed on {later} ({days} days later)
-- severity: orange
-- addressee: EMP, JDS
-- due: 10 working days
-- life: event
-- source: memory: Law on occupational diseases, art. 35; days are a proposal
-- tune: days
-- params: days = 30, lookback_days = 180
-- A conclusion contraindication for a hazard, and more than days later an exam (no leaving exam, no re-examination) that names the same hazard
-- as exposed, or for radiation a dosimeter period.
WITH
    {week_end:Date32} AS day,
    findings AS
    (
        SELECT person_key, found.1 AS hazard, min(exam_date) AS found_on, argMin(concat('exam:', toString(batch), ':', toString(row)), exam_date) AS line
        FROM stg_exam
        ARRAY JOIN arrayFilter(p -> p.2 = 'contra', arrayZip(conclusion_hazard, conclusion)) AS found
        WHERE has(conclusion, 'contra') AND exam_date <= day AND found.1 != ''
        GROUP BY person_key, hazard
    ),
    exposures AS
    (
        SELECT person_key, hazard::String AS hazard, if(using_key = '', employer_key::String, using_key::String) AS employer, employer_name::String AS name,
            exam_date AS seen_on, coalesce(upload_date, report_date, exam_date) AS known, concat('exam:', toString(batch), ':', toString(row)) AS line
        FROM stg_exam
        ARRAY JOIN hazards_exposed AS hazard
        WHERE NOT is_reexam AND exam_type IN ('in', 'emerg') AND person_key IN (SELECT person_key FROM findings) AND known <= day
        UNION ALL
        SELECT person_key, 'HZ-4', employer_key, employer_name, period_start, report_date, evidence[1]
        FROM fct_dose_period
        WHERE person_key IN (SELECT person_key FROM findings WHERE startsWith(hazard, 'HZ-4')) AND report_date <= day
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(e.person_key)                                                       AS object,
    substring(toString(e.person_key), 1, 8)                                      AS object_name,
    if(any(dim_employer.area) = '', 'unassigned', any(dim_employer.area))        AS area,
    'orange'                                                                     AS severity,
    concat(e.employer, ':', f.hazard)                                            AS cause,
    toFloat64(dateDiff('day', min(f.found_on), max(e.seen_on)) AS late)          AS score,
    map('employer', if(any(dim_employer.employer_name) = '', any(e.name), any(dim_employer.employer_name)), 'finding', toString(min(f.found_on)),
        'later', toString(max(e.seen_on)), 'days', toString(late), 'what', any(dim_hazard.name_zh), 'what_en', any(dim_hazard.name_en)) AS args,
    arraySort(arrayDistinct(arrayConcat(groupArray(f.line), groupArray(e.line)))) AS evidence,
    length(evidence)                                                             AS n_evidence
FROM findings AS f
INNER JOIN exposures AS e ON e.person_key = f.person_key
LEFT JOIN dim_employer ON dim_employer.employer_key = e.employer
LEFT JOIN dim_hazard ON dim_hazard.hazard = f.hazard
WHERE (e.hazard = f.hazard OR (e.hazard = 'HZ-4' AND startsWith(f.hazard, 'HZ-4'))) AND e.seen_on > addDays(f.found_on, {days:Int32})
    AND e.known > addDays(day, -{lookback_days:Int32})
GROUP BY e.person_key, e.employer, f.hazard
