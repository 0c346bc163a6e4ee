-- id: S11c
-- version: 1
-- position: 173
-- set: standard
-- title: 新发职业病病种构成 | Kinds of new occupational disease
-- unit: share
-- direction: down
-- clause: 监测指标 S11c：各大类、13种尘肺病例数/新发职业病（尘肺病）例数；分类按2024版目录
-- calendar: 首次诊断日期（缺失取报告日期） | day of first diagnosis, else of report
-- strata: township, industry, size
-- numerator: 该类的新发病例 | new cases of the category
-- denominator: 病名在目录中的新发病例；13种尘肺以新发尘肺病例为分母 | new cases whose disease is in the catalogue; for the 13 kinds, new pneumoconiosis cases
-- flow: sum
-- headline: pneumoconiosis
-- variants: pneumoconiosis, respiratory, skin, eye, ear_nose_mouth, poisoning, physical, radiation, infectious, tumour, musculoskeletal, mental, other, kind_1, kind_2, kind_3, kind_4, kind_5, kind_6, kind_7, kind_8, kind_9, kind_10, kind_11, kind_12, kind_13
-- variant_pneumoconiosis: 尘肺病 | pneumoconiosis
-- variant_respiratory: 其他呼吸系统疾病 | other respiratory diseases
-- variant_skin: 职业性皮肤病 | skin diseases
-- variant_eye: 职业性眼病 | eye diseases
-- variant_ear_nose_mouth: 职业性耳鼻喉口腔疾病 | ear, nose, throat and mouth diseases
-- variant_poisoning: 职业性化学中毒 | chemical poisoning
-- variant_physical: 物理因素所致职业病 | diseases due to physical factors
-- variant_radiation: 职业性放射性疾病 | radiation diseases
-- variant_infectious: 职业性传染病 | infectious diseases
-- variant_tumour: 职业性肿瘤 | tumours
-- variant_musculoskeletal: 职业性肌肉骨骼疾病 | musculoskeletal diseases
-- variant_mental: 职业性精神和行为障碍 | mental and behavioural disorders
-- variant_other: 其他职业病 | other
-- variant_kind_1: 矽肺 | silicosis
-- variant_kind_2: 煤工尘肺 | coal worker pneumoconiosis
-- variant_kind_3: 石墨尘肺 | graphite pneumoconiosis
-- variant_kind_4: 碳黑尘肺 | carbon black pneumoconiosis
-- variant_kind_5: 石棉肺 | asbestosis
-- variant_kind_6: 滑石尘肺 | talc pneumoconiosis
-- variant_kind_7: 水泥尘肺 | cement pneumoconiosis
-- variant_kind_8: 云母尘肺 | mica pneumoconiosis
-- variant_kind_9: 陶工尘肺 | potter pneumoconiosis
-- variant_kind_10: 铝尘肺 | aluminium pneumoconiosis
-- variant_kind_11: 电焊工尘肺 | welder pneumoconiosis
-- variant_kind_12: 铸工尘肺 | foundry worker pneumoconiosis
-- variant_kind_13: 其他尘肺病 | other pneumoconiosis
-- A case whose disease no list has is missing.
SELECT
    name AS variant, employer_key, ifNull(diagnosis_date, report_date) AS day, '' AS entity,
    if(startsWith(name, 'kind_'), concat('kind_', toString(dim_disease.item_no)) = name,
        ['pneumoconiosis', 'skin', 'eye', 'ear_nose_mouth', 'poisoning', 'physical', 'radiation', 'infectious', 'tumour', 'musculoskeletal', 'mental', 'other'][dim_disease.category_no]
            = if(name = 'respiratory', 'pneumoconiosis', name) AND (dim_disease.category_no != 1 OR (name = 'pneumoconiosis') = dim_disease.is_pneumoconiosis)) AS numerator,
    dim_disease.disease != '' AS denominator, dim_disease.disease = '' AS missing, [concat('case_report:', toString(batch), ':', toString(row))] AS lines
FROM fct_case
LEFT JOIN dim_disease ON dim_disease.disease = fct_case.disease
ARRAY JOIN arrayConcat(
    ['pneumoconiosis', 'respiratory', 'skin', 'eye', 'ear_nose_mouth', 'poisoning', 'physical', 'radiation', 'infectious', 'tumour', 'musculoskeletal', 'mental', 'other'],
    if(dim_disease.is_pneumoconiosis, arrayMap(k -> concat('kind_', toString(k)), range(1, 14)), [])) AS name
