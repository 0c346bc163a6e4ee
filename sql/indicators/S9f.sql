-- id: S9f
-- version: 1
-- position: 155
-- set: standard
-- title: 数据质量：重复、身份、单位匹配、行业与规模缺失 | Data quality: repeats, identities, employers matched, industry and size missing
-- unit: share
-- direction: up
-- clause: 监测指标 S9f：重复率、身份匹配率、雇主匹配率、行业/规模缺失率
-- calendar: 收到日期（重复、身份）；体检、采样、报告、监测周期末日期（其余） | day of arrival (repeats, identities); day of the exam, sample, report or end of the period (the others)
-- strata: township, industry, size
-- numerator: 单位在名录中的记录 | records whose employer is on the roster
-- denominator: 体检、检测、职业病报告、个人剂量记录 | records of exams, detection results, case reports and doses
-- flow: sum
-- by_day: stg_exam = exam_date; stg_detection = sample_date; stg_case_report = report_date; stg_dose = period_end; fct_delivery = received_day
-- headline: employer
-- variants: employer, repeated, identity, industry_missing, size_missing
-- variant_employer: 单位在名录中的记录 | records whose employer is on the roster
-- variant_repeated: 与同一文件另一行主键相同的行 | rows that repeat the key of another row of their file
-- variant_identity: 证件号码未被退回或提示的行（含个人的数据） | rows whose identity number was neither rejected nor warned of, of streams about persons
-- variant_industry_missing: 单位行业不明的记录 | records whose employer's industry is not known
-- variant_size_missing: 单位规模不明的记录 | records whose employer's size is not known
WITH
    faults AS
    (
        SELECT
            f.batch AS batch, uniqExactIf((f.sheet, f.row), f.code = 'same_key_twice') AS n_repeated,
            uniqExactIf((f.sheet, f.row), f.severity IN ('reject', 'warn') AND f.field = 'id_no') AS n_unidentified
        FROM ops_finding AS f
        GROUP BY f.batch
    ),
    records AS
    (
        SELECT if(using_key = '', stg_exam.employer_key::String, using_key::String) AS unit, exam_date AS day, count() AS n FROM stg_exam GROUP BY unit, day
        UNION ALL SELECT employer_key::String, sample_date, count() FROM stg_detection GROUP BY employer_key, sample_date
        UNION ALL SELECT employer_key::String, report_date, count() FROM stg_case_report GROUP BY employer_key, report_date
        UNION ALL SELECT employer_key::String, period_end, count() FROM stg_dose GROUP BY employer_key, period_end
    )
SELECT
    part.1 AS variant, unit AS employer_key, day, '' AS entity, part.2 * n AS numerator, n AS denominator, 0 AS missing, []::Array(String) AS lines
FROM records
LEFT JOIN dim_employer ON dim_employer.employer_key = records.unit
ARRAY JOIN [
    ('employer', dim_employer.employer_key != '' AND NOT is_discovered),
    ('industry_missing', dim_employer.division IN ('', 'unknown')),
    ('size_missing', dim_employer.size_class IN ('', 'unknown'))] AS part
UNION ALL
SELECT
    part.1, '', received_day, '', part.2, n_read, 0, [concat('batch:', toString(fct_delivery.batch))]
FROM fct_delivery
LEFT JOIN faults ON faults.batch = fct_delivery.batch
ARRAY JOIN arrayConcat([('repeated', toFloat64(n_repeated))],
    if(stream IN ('exam', 'dose', 'case_report', 'follow_up', 'radiation_worker'), [('identity', toFloat64(n_read - least(n_read, n_unidentified)))], [])) AS part
WHERE NOT is_resend
