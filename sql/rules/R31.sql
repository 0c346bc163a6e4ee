-- id: R31
-- version: 1
-- title: 投产项目未做控制效果评价 | Project in production without a control-effect evaluation
-- message: {object}：{project}已投产（{production}），未做职业病危害控制效果评价
--   | {object}: {project} is in production ({production}) without a control-effect evaluation
-- severity: orange
-- addressee: JDS, TS
-- due: 15 days
-- life: state
-- source: point 4 of the source document
-- params: grace_days = 0
-- In production by its date or by its status. The department that approved the project (source_dept) is named in the arguments; it is no addressee code.
WITH {week_end:Date32} AS day
SELECT
    if(p.employer_key = '', 'project', 'employer')                               AS object_kind,
    if(p.employer_key = '', p.project_no, p.employer_key::String)                AS object,
    multiIf(dim_employer.employer_name != '', dim_employer.employer_name, p.employer_name != '', p.employer_name::String, object) AS object_name,
    multiIf(p.township_code IN (SELECT township FROM dim_township), p.township_code::String, dim_employer.area != '', dim_employer.area, 'unassigned') AS area,
    'orange'                                                                     AS severity,
    p.project_no                                                                 AS cause,
    toFloat64(if(p.production_date IS NULL, 0, dateDiff('day', p.production_date, day))) AS score,
    map('project', p.project_name, 'production', if(p.production_date IS NULL, p.status::String, toString(p.production_date)), 'department', p.source_dept::String) AS args,
    [concat('project:', toString(p.batch), ':', toString(p.row))]                AS evidence,
    1                                                                            AS n_evidence
FROM stg_project AS p
LEFT JOIN dim_employer ON dim_employer.employer_key = p.employer_key::String
WHERE p.status != 'stopped' AND (addDays(p.production_date, {grace_days:Int32}) <= day OR (p.production_date IS NULL AND p.status IN ('producing', 'accepted')))
    AND p.approve_date <= day AND (p.control_eval_date IS NULL OR p.control_eval_date > day)
