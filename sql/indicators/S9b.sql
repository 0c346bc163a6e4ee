-- id: S9b
-- version: 1
-- position: 154
-- set: standard
-- title: 报告完整率 | Required fields filled and valid
-- unit: share
-- direction: up
-- clause: 监测指标 S9b：填写且有效的必填项/必填项，按报送单位
-- calendar: 收到日期 | day of arrival
-- strata: township, industry, size, institution
-- numerator: 填写且未被退回或提示的必填单元格 | cells of required fields that were filled and neither rejected nor warned of
-- denominator: 读入行数×该类数据的必填项数 | rows read × required fields of the stream
-- flow: sum
-- headline: fields
-- variants: fields
-- variant_fields: 必填单元格 | cells of required fields
-- The institution is the sender. A sender has no township: everything stands under unassigned.
WITH
    wanted AS (SELECT stream, count() AS n_fields, groupArray(field) AS fields FROM ref_required_field GROUP BY stream),
    faults AS
    (
        SELECT f.batch AS batch, uniqExact(f.sheet, f.row, f.field) AS n
        FROM ops_finding AS f
        INNER JOIN wanted ON wanted.stream = f.stream
        WHERE f.severity IN ('reject', 'warn') AND has(wanted.fields, f.field::String)
        GROUP BY f.batch
    )
SELECT
    'fields' AS variant, '' AS employer_key, received_day AS day, '' AS entity, sender AS institution,
    n_read * n_fields - least(n_read * n_fields, faults.n) AS numerator, n_read * n_fields AS denominator, 0 AS missing,
    [concat('batch:', toString(fct_delivery.batch))] AS lines
FROM fct_delivery
INNER JOIN wanted ON wanted.stream = fct_delivery.stream
LEFT JOIN faults ON faults.batch = fct_delivery.batch
WHERE NOT is_resend
