-- id: S11a
-- version: 1
-- position: 170
-- set: standard
-- title: 新发尘肺病期别构成 | Stages of new pneumoconiosis at first diagnosis
-- unit: share
-- direction: down
-- clause: 监测指标 S11a：首诊壹、贰、叁期病例数/新发尘肺病例数
-- calendar: 首次诊断日期（缺失取报告日期） | day of first diagnosis, else of report
-- strata: township, industry, size
-- numerator: 首诊为该期别的新发尘肺病例 | new pneumoconiosis cases of the stages at first diagnosis
-- denominator: 有期别的新发尘肺病例 | new pneumoconiosis cases with a stage
-- flow: sum
-- headline: stage_2_3
-- variants: stage_2_3, stage_1, stage_2, stage_3
-- variant_stage_2_3: 贰期、叁期 | stages II and III
-- variant_stage_1: 壹期 | stage I
-- variant_stage_2: 贰期 | stage II
-- variant_stage_3: 叁期 | stage III
SELECT
    reading.1 AS variant, employer_key, ifNull(diagnosis_date, report_date) AS day, '' AS entity, has(reading.2, stage) AS numerator,
    stage != '' AS denominator, stage = '' AS missing, [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM fct_case
ARRAY JOIN [('stage_2_3', ['2', '3']), ('stage_1', ['1']), ('stage_2', ['2']), ('stage_3', ['3'])] AS reading
WHERE is_pneumoconiosis
