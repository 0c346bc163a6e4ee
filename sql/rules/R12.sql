-- id: R12
-- version: 1
-- title: 体检发现疑似职业病未报卡 | Suspicion in an exam without a card
-- message: {institution}：体检（{exam}，{employer}）结论为疑似职业病，{days}天未见报告卡
--   | {institution}: exam of {exam} ({employer}) ended in a suspicion, no card after {days} days
-- severity: orange
-- addressee: INST, CDC
-- due: 5 working days
-- life: state
-- source: found: duty to report; days from memory
-- params: days = 15, before_days = 30, max_days = 365
-- Counted from the report of the exam. A card of the person, suspected or diagnosed, that is not older than before_days before the exam answers it.
WITH
    {week_end:Date32} AS day,
    suspicions AS
    (
        SELECT person_key, employer_key::String AS employer_key, employer_name::String AS employer_name, institution_name::String AS institution, institution_code::String AS code,
            exam_date, coalesce(report_date, exam_date) AS told, report_card_id, concat('exam:', toString(batch), ':', toString(row)) AS line
        FROM stg_exam
        WHERE (conclusion_overall = 'suspect' OR has(conclusion, 'suspect')) AND told < addDays(day, -{days:Int32}) AND told >= addDays(day, -{max_days:Int32})
    ),
    cards AS
    (
        SELECT person_key, max(report_date) AS last_card FROM stg_case_report
        WHERE report_date <= day AND person_key IN (SELECT person_key FROM suspicions)
        GROUP BY person_key
    )
SELECT
    'person'                                                                     AS object_kind,
    toString(s.person_key)                                                       AS object,
    substring(toString(s.person_key), 1, 8)                                      AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'orange'                                                                     AS severity,
    concat(code, ':', report_card_id)                                            AS cause,
    toFloat64(dateDiff('day', told, day))                                        AS score,
    map('days', toString(dateDiff('day', told, day)), 'exam', toString(exam_date), 'institution', if(institution = '', code, institution),
        'employer', if(dim_employer.employer_name = '', s.employer_name, dim_employer.employer_name)) AS args,
    [line]                                                                       AS evidence,
    1                                                                            AS n_evidence
FROM suspicions AS s
LEFT JOIN cards ON cards.person_key = s.person_key
LEFT JOIN dim_employer ON dim_employer.employer_key = s.employer_key
WHERE cards.last_card < addDays(exam_date, -{before_days:Int32})
