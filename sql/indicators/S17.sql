-- id: S17
-- version: 1
-- position: 193
-- set: standard
-- title: 离岗体检率 | Leaving workers with a leaving exam
-- unit: share
-- direction: up
-- clause: 监测指标 S17：完成离岗体检的离岗劳动者/应做离岗体检的离岗劳动者（GBZ 188-2025 4.6.1.3）
-- calendar: 离岗日期 | day of leaving
-- strata: township, industry, size
-- numerator: 有离岗体检，或离岗前90天内有在岗体检的劳动者 | workers with a leaving exam, or with an in-service exam in the 90 days before
-- denominator: 已知离岗的劳动者（离岗体检、转到其他单位、放射工作人员名册注明离岗）；在岗不足30天且所在单位无超标结果者除外 | workers known to have left (leaving exam, exam at another employer, register of radiation workers), without those less than 30 days on the post of an employer without results over the limit
-- flow: sum
-- headline: due
-- variants: due
-- variant_due: 应做离岗体检的离岗劳动者 | leaving workers due
-- Who left without any trace in the data is not in the denominator.
SELECT
    'due' AS variant, employer_key, left_date AS day, toString(person_key) AS entity, has_exam AS numerator, 1 AS denominator, 0 AS missing, lines
FROM fct_leaving
WHERE NOT is_exempt
