-- id: S5k
-- version: 1
-- position: 135
-- set: standard
-- title: 关键指标异常率 | Abnormal key items
-- unit: share
-- direction: down
-- clause: 监测指标 S5k：粉尘胸片、噪声高频听阈、苯血象、铅血铅异常人数/该因素受检人数
-- calendar: 体检日期 | day of exam
-- strata: township, industry, size
-- numerator: 接触粉尘受检者中胸片有阴影者 | of those examined for dust, persons with opacities on the chest film
-- denominator: 该因素的受检者中报送了该项结果者，每人每单位每期一次；未报送者列为缺失 | persons examined for the hazard whose result was sent, once an employer and period; those without it are shown as missing
-- flow: once
-- by_day: stg_exam = exam_date
-- headline: dust
-- variants: dust, noise, benzene, lead
-- variant_dust: 粉尘：胸片见小阴影、大阴影或提示尘肺 | dust: opacities on the chest film
-- variant_noise: 噪声：双耳高频平均听阈≥40 dB | noise: mean high-frequency threshold of both ears at or above 40 dB
-- variant_benzene: 苯：白细胞<4.0、中性粒细胞<2.0或血小板<80（10^9/L） | benzene: white cells < 4.0, neutrophils < 2.0 or platelets < 80 (10^9/L)
-- variant_lead: 铅：血铅≥1.9 umol/L | lead: blood lead at or above 1.9 umol/L
-- Benzene counts as known with the white cells, neutrophils and platelets add to it where they were sent. A person with several
-- exams in the period counts as abnormal if any was, and as missing only if none has the item.
WITH exams AS
(
    SELECT
        stg_exam.person_key AS person_key, if(using_key = '', stg_exam.employer_key::String, using_key::String) AS unit, stg_exam.exam_date AS on_day,
        arrayMap(h -> h::String, hazards_examined) AS examined, concat('exam:', toString(batch), ':', toString(row)) AS line,
        item.has_opacity AS opacity, item.high_frequency_db AS high, item.wbc AS wbc, item.neutrophils AS neutrophils, item.platelets AS platelets,
        item.blood_lead AS blood_lead
    FROM stg_exam
    LEFT JOIN fct_key_item AS item ON item.line = concat('exam:', toString(stg_exam.batch), ':', toString(stg_exam.row))
    WHERE NOT is_reexam AND arrayExists(h -> startsWith(h, 'HZ-1-') OR h IN ('HZ-3-001', 'HZ-2-028', 'HZ-2-001'), hazards_examined)
)
SELECT
    part.1 AS variant, unit AS employer_key, on_day AS day, toString(person_key) AS entity,
    ifNull(part.3, false) AS numerator, part.3 IS NOT NULL AS denominator, part.3 IS NULL AS missing, [line] AS lines
FROM exams
ARRAY JOIN arrayFilter(p -> p.2, [
    ('dust',    arrayExists(h -> startsWith(h, 'HZ-1-'), examined), opacity),
    ('noise',   has(examined, 'HZ-3-001'), high >= 40),
    ('benzene', has(examined, 'HZ-2-028'), if(wbc IS NULL, NULL, wbc < 4 OR ifNull(neutrophils < 2, false) OR ifNull(platelets < 80, false))),
    ('lead',    has(examined, 'HZ-2-001'), blood_lead >= 1.9)]::Array(Tuple(String, Bool, Nullable(Bool)))) AS part
