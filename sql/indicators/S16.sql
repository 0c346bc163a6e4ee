-- id: S16
-- version: 1
-- position: 192
-- set: standard
-- title: 机构质量：迟报、缺项、全正常、同值、记分 | Quality of institutions: late, incomplete, all normal, same values, demerit points
-- unit: share
-- unit_demerits: sum
-- direction: down
-- clause: 监测指标 S16；预警规则R26；意见第11条“质量控制、记分管理”
-- calendar: 体检、采样、报告出具、记分日期 | day of exam, sampling, issue or decision
-- strata: township, industry, size, institution
-- numerator: 出具后超过15天上传的体检个案与超过21天报送的检测报告 | exam records uploaded more than 15 days, detection reports sent more than 21 days after their issue
-- denominator: 有出具和报送日期的体检个案与检测报告 | exam records and detection reports with both days
-- flow: sum
-- by_day: stg_exam = exam_date; stg_exam = ifNull(upload_date, exam_date); stg_demerit = demerit_date
-- headline: late
-- variants: late, incomplete, normal_exams, normal_tests, same_value, demerits
-- variant_late: 迟报的个案与报告 | records and reports sent late
-- variant_incomplete: 有缺项的体检（以报送了项目的体检为分母） | exams with a missing item, of exams whose items were sent
-- variant_normal_exams: 结论为目前未见异常的体检 | exams with the conclusion of no abnormality
-- variant_normal_tests: 机构判定符合的检测结果 | detection results that the institution judged as within the limit
-- variant_same_value: 与同一机构、同一因素、同类限值的前一结果数值相同的检测结果 | detection results with the same number as the institution's result before it for the same hazard and kind of limit
-- variant_demerits: 记分分值之和 | sum of demerit points given
-- Township, industry and size are those of the employer that was examined or tested; demerit points have none.
WITH items AS
(
    SELECT institution_code::String AS institution, exam_no, max(ifNull(is_missing, false)) AS is_incomplete
    FROM stg_exam_item
    GROUP BY institution, exam_no
)
SELECT
    part.1 AS variant, if(using_key = '', stg_exam.employer_key::String, using_key::String) AS employer_key, part.2 AS day, '' AS entity,
    institution_code::String AS institution, part.3 AS numerator, part.4 AS denominator, NOT part.4 AS missing,
    [concat('exam:', toString(batch), ':', toString(row))] AS lines
FROM stg_exam
LEFT JOIN items ON items.institution = stg_exam.institution_code AND items.exam_no = stg_exam.exam_no
ARRAY JOIN arrayConcat(
    [('late', ifNull(upload_date, exam_date), ifNull(upload_date > addDays(report_date, 15), false), upload_date IS NOT NULL AND report_date IS NOT NULL)],
    if(is_reexam, [], [('normal_exams', exam_date, conclusion_overall = 'normal', conclusion_overall != 'pending')]),
    if(items.exam_no = '', [], [('incomplete', exam_date, is_incomplete, true)]))::Array(Tuple(String, Date32, Bool, Bool)) AS part
UNION ALL
SELECT
    'late', employer_key::String, max(issue_date) AS issued, '', institution_code::String, ifNull(max(submit_date) > addDays(issued, 21), false), max(submit_date) IS NOT NULL,
    max(submit_date) IS NULL, groupArray(concat('detection:', toString(batch), ':', toString(row)))
FROM stg_detection
WHERE issue_date IS NOT NULL
GROUP BY employer_key, institution_code, report_no
UNION ALL
SELECT
    part.1, employer_key, sample_date, '', institution, part.2, part.3, NOT part.3, [line]
FROM
(
    SELECT
        employer_key::String AS employer_key, sample_date, institution_code::String AS institution, judgement::String AS judgement, value, row_number() OVER series AS place,
        lagInFrame(value) OVER series AS before, concat('detection:', toString(batch), ':', toString(row)) AS line
    FROM stg_detection
    WINDOW series AS (
        PARTITION BY institution_code, hazard, limit_type, unit, value IS NULL
        ORDER BY sample_date, report_no, sample_no, batch, row ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
ARRAY JOIN arrayConcat([('normal_tests', judgement = 'pass', judgement IN ('pass', 'fail'))],
    if(value IS NULL OR place = 1, [], [('same_value', ifNull(value = before, false), true)]))::Array(Tuple(String, Bool, Bool)) AS part
UNION ALL
SELECT
    'demerits', '', demerit_date, '', institution_code::String, points, NULL, 0, [concat('demerit:', toString(batch), ':', toString(row))]
FROM stg_demerit
