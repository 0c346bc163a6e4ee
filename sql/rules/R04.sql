-- id: R04
-- version: 1
-- title: 同一单位同种疾病聚集 | Cluster of one disease at one employer
-- message: {object}：{months}个月内{n}人新发或疑似{what}，其中近{days}天{recent}人
--   | {object}: {n} new or suspected cases of {what} within {months} months, {recent} of them in the last {days} days
-- severity: red
-- addressee: WJW, JDS, TS
-- due: 10 working days
-- life: event
-- source: proposal (rules.md A): cluster rule, no national number known
-- params: many = 3, long_months = 12, few = 2, short_days = 90
-- New and suspected cases of one employer, persons counted once: many within long_months, or few within
-- short_days. Cases are tied by disease; by hazard only where that ties more persons than any one disease.
WITH
    cards AS
    (
        SELECT
            employer_key::String                                                       AS employer,
            person_key,
            report_date,
            if(disease = '', disease_text, disease)::String                            AS disease_key,
            hazard::String                                                             AS hazard_key,
            concat('case_report:', toString(batch), ':', toString(row))                AS line
        FROM stg_case_report
        WHERE employer_key != '' AND report_kind IN ('new', 'correction', '')
            AND report_date <= {week_end:Date32} AND report_date > addMonths({week_end:Date32}, -{long_months:Int32})
    ),
    groups AS
    (
        SELECT
            employer,
            tie.1                                                                        AS kind,
            tie.2                                                                        AS agent,
            uniqExact(person_key)                                                        AS persons,
            uniqExactIf(person_key, report_date > addDays({week_end:Date32}, -{short_days:Int32})) AS recent,
            max(report_date)                                                             AS last_date,
            any(hazard_key)                                                              AS one_hazard,
            groupUniqArray(line)                                                         AS lines
        FROM cards
        ARRAY JOIN [('disease', disease_key), ('hazard', hazard_key)] AS tie
        WHERE tie.2 != ''
        GROUP BY employer, kind, agent
        HAVING persons >= {many:Int32} OR recent >= {few:Int32}
    )
SELECT
    'employer'                                                                   AS object_kind,
    groups.employer                                                              AS object,
    ifNull(nullIf(dim_employer.employer_name, ''), groups.employer)              AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'red'                                                                        AS severity,
    concat(kind, ':', agent)                                                     AS cause,
    toFloat64(persons)                                                           AS score,
    map('n', toString(persons), 'recent', toString(recent), 'days', toString({short_days:Int32}),
        'months', toString({long_months:Int32}), 'last', toString(last_date),
        'what', multiIf(kind = 'hazard', dim_hazard.name_zh, dim_disease.name_zh != '', dim_disease.name_zh, agent),
        'what_en', multiIf(kind = 'hazard', dim_hazard.name_en, dim_disease.name_en != '', dim_disease.name_en, agent)) AS args,
    arraySort(lines)                                                             AS evidence,
    length(lines)                                                                AS n_evidence
FROM groups
LEFT JOIN
(
    SELECT employer AS tied_employer, max(persons) AS tied_persons FROM groups WHERE kind = 'disease' GROUP BY employer
) AS tied ON tied.tied_employer = groups.employer
LEFT JOIN dim_employer ON dim_employer.employer_key = groups.employer
LEFT JOIN dim_hazard ON dim_hazard.hazard = groups.agent
LEFT JOIN dim_disease ON dim_disease.disease = groups.agent
WHERE kind = 'disease' OR persons > tied_persons
