-- id: S13
-- version: 1
-- position: 182
-- set: standard
-- title: 职业病患者保障覆盖率 | Patients whose treatment is paid for
-- unit: share
-- direction: up
-- clause: 监测指标 S13：享受工伤保险、单位支付、医疗救助的存活患者数/存活患者数；意见第10条“分类救治救助”
-- calendar: 读数日 | on the reading date
-- strata: township, industry, size
-- numerator: 最近一次说明支付方式的随访记录为“是”的患者 | patients for whom the last visit that says so names the payer
-- denominator: 读数日已知且未确认死亡的职业病患者；没有随访说明者计入，并列为缺失 | patients known on the reading date whose death is not confirmed; those of whom no visit says it count, and are shown as missing
-- flow: state
-- place: own
-- headline: any
-- variants: any, injury, employer, aid
-- variant_any: 三者之一 | any of the three
-- variant_injury: 工伤保险支付 | work-injury insurance
-- variant_employer: 用人单位支付 | the employer
-- variant_aid: 医疗救助支付 | medical aid
SELECT
    reading.1 AS variant, employer_key, as_of_date AS day, toString(person_key) AS entity, area,
    arrayFilter(v -> v.day <= as_of_date, visits) AS past,
    arrayLast(v -> v.injury IS NOT NULL, past).injury      AS injury,
    arrayLast(v -> v.employer IS NOT NULL, past).employer  AS pays,
    arrayLast(v -> v.aid IS NOT NULL, past).aid            AS aid,
    ifNull(reading.2, false) AS numerator, 1 AS denominator, reading.2 IS NULL AS missing, lines
FROM dim_patient
CROSS JOIN dim_reading
ARRAY JOIN [
    ('any', multiIf(ifNull(injury, false) OR ifNull(pays, false) OR ifNull(aid, false), true, injury IS NULL OR pays IS NULL OR aid IS NULL, NULL, false)),
    ('injury', injury), ('employer', pays), ('aid', aid)]::Array(Tuple(String, Nullable(Bool))) AS reading
WHERE known_from <= as_of_date AND (died IS NULL OR died > as_of_date)
