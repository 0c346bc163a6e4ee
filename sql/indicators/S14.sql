-- id: S14
-- version: 1
-- position: 190
-- set: standard
-- title: 建设项目职业病防护设施“三同时”执行率 | Construction projects with the evaluations they need
-- unit: share
-- direction: up
-- clause: 监测指标 S14：完成应有评价的建设项目数/应评价建设项目数；意见第4条“源头管控”
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 读数日前已完成当前阶段全部应有评价的项目 | projects with all evaluations that their stage asks for done by the reading date
-- denominator: 已批准且已开工的项目（拟建、停建除外）；控制效果评价和验收只对已投产、已验收的项目要求 | approved projects that have been begun (planned and stopped ones left out); control-effect evaluation and acceptance only of those in production or accepted
-- flow: state
-- place: own
-- headline: all
-- variants: all, pre, design, control, acceptance
-- variant_all: 全部应有评价 | all evaluations due
-- variant_pre: 职业病危害预评价 | pre-evaluation
-- variant_design: 防护设施设计评审 | review of the design of protective facilities
-- variant_control: 控制效果评价 | control-effect evaluation
-- variant_acceptance: 防护设施验收 | acceptance of protective facilities
-- A project in production or accepted without a date of production counts as such from its approval on.
SELECT
    reading.1 AS variant, employer_key::String AS employer_key, as_of_date AS day, project_no AS entity, township_code::String AS area,
    coalesce(least(production_date, accept_date), production_date, accept_date, if(status IN ('producing', 'accepted'), approve_date, NULL)) AS produces,
    ifNull(produces <= as_of_date, false)              AS is_producing,
    ifNull(pre_eval_date <= as_of_date, false)         AS has_pre,
    ifNull(design_review_date <= as_of_date, false)    AS has_design,
    ifNull(control_eval_date <= as_of_date, false)     AS has_control,
    ifNull(stg_project.accept_date <= as_of_date, false) AS has_acceptance,
    reading.2 AS numerator, reading.3 AS denominator, 0 AS missing, [concat('project:', toString(batch), ':', toString(row))] AS lines
FROM stg_project
CROSS JOIN dim_reading
ARRAY JOIN arrayFilter(r -> r.3, [
    ('all', has_pre AND has_design AND (NOT is_producing OR (has_control AND has_acceptance)), true),
    ('pre', has_pre, true), ('design', has_design, true), ('control', has_control, is_producing), ('acceptance', has_acceptance, is_producing)]) AS reading
WHERE approve_date <= as_of_date AND status NOT IN ('planned', 'stopped')
