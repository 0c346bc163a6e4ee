-- id: N4
-- version: 1
-- position: 203
-- set: plan
-- title: 职业健康检查、诊断等机构数 | Institutions for exams, diagnosis and services
-- unit: sum
-- direction: up
-- clause: 国家职业病防治规划（2021—2025年）：设区的市至少1家公立机构承担职业病诊断，县区至少1家公立机构承担职业健康检查（凭记忆，未核实）
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 资质在有效期内且状态有效的机构 | institutions with a valid qualification in force
-- denominator: 名录中已取得资质的机构 | institutions on the list whose qualification has begun
-- flow: state
-- place: own
-- headline: exam
-- variants: exam, diagnosis, service, radiation, dosimetry
-- variant_exam: 职业健康检查机构 | for examinations
-- variant_diagnosis: 职业病诊断机构 | for diagnosis
-- variant_service: 职业卫生技术服务机构 | occupational health services
-- variant_radiation: 放射卫生技术服务机构 | radiation health services
-- variant_dosimetry: 个人剂量监测机构 | personal dosimetry
-- The list doesn't say which institutions are public.
SELECT
    kind::String AS variant, employer_key::String AS employer_key, as_of_date AS day, institution_code::String AS entity, township_code::String AS area,
    status IN ('active', '') AND (valid_to IS NULL OR valid_to >= as_of_date) AS numerator, 1 AS denominator, 0 AS missing,
    [concat('institution:', toString(batch), ':', toString(row))] AS lines
FROM stg_institution
CROSS JOIN dim_reading
WHERE valid_from <= as_of_date AND kind IN ('exam', 'diagnosis', 'service', 'radiation', 'dosimetry')
