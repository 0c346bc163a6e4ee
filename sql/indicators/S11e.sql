-- id: S11e
-- version: 1
-- position: 174
-- set: standard
-- title: 新发噪声聋程度与工龄 | Grades of new noise-induced deafness
-- unit: share
-- unit_better_ear: median
-- direction: down
-- clause: 监测指标 S11e：噪声聋轻、中、重度例数/新发噪声聋例数；诊断要求噪声作业工龄3年以上
-- calendar: 首次诊断日期（缺失取报告日期） | day of first diagnosis, else of report
-- strata: township, industry, size
-- numerator: 中度、重度的新发噪声聋病例 | new cases of noise-induced deafness of moderate or severe grade
-- denominator: 程度已知的新发噪声聋病例（卡片填写，或由诊断前最近一次听力检查推算） | new cases of known grade (from the card, else from the last audiometry before the diagnosis)
-- flow: sum
-- headline: moderate_severe
-- variants: moderate_severe, mild, moderate, severe, short, better_ear
-- variant_moderate_severe: 中度、重度 | moderate or severe
-- variant_mild: 轻度（较好耳加权值26—40 dB） | mild (better-ear weighted value 26 to 40 dB)
-- variant_moderate: 中度（41—55 dB） | moderate (41 to 55 dB)
-- variant_severe: 重度（≥56 dB） | severe (56 dB and above)
-- variant_short: 噪声作业工龄不足36个月 | less than 36 months of noise work
-- variant_better_ear: 诊断前最近一次检查较好耳加权值的中位数（dB） | median better-ear weighted value at the last exam before the diagnosis (dB)
-- The bounds of the grades are those of GBZ 49-2014, from memory.
WITH hearing AS
(
    SELECT person_key, groupArray((exam_date, better_ear_db)) AS exams
    FROM fct_key_item
    WHERE better_ear_db IS NOT NULL
    GROUP BY person_key
)
SELECT
    part.1 AS variant, employer_key, ifNull(diagnosis_date, report_date) AS day, '' AS entity,
    arrayLast(e -> e.1 <= day, arraySort(hearing.exams)).2 AS better_ear,
    multiIf(position(severity, '轻') > 0, 'mild', position(severity, '中') > 0, 'moderate', position(severity, '重') > 0, 'severe',
        better_ear IS NULL OR better_ear < 26, '', better_ear <= 40, 'mild', better_ear <= 55, 'moderate', 'severe') AS grade,
    ifNull(part.2, 0) AS numerator, part.3 AS denominator, NOT part.3 AS missing, [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM fct_case
LEFT JOIN hearing ON hearing.person_key = fct_case.person_key
ARRAY JOIN [
    ('moderate_severe', grade IN ('moderate', 'severe'), grade != ''), ('mild', grade = 'mild', grade != ''), ('moderate', grade = 'moderate', grade != ''),
    ('severe', grade = 'severe', grade != ''), ('short', ifNull(exposure_months < 36, 0), exposure_months IS NOT NULL),
    ('better_ear', better_ear, better_ear IS NOT NULL)]::Array(Tuple(String, Nullable(Float64), Bool)) AS part
WHERE disease = 'OD2024-04-01'
