-- name: fct_key_item
-- title: 关键检查指标 | Key items of examinations
-- grain: one row per examination with items, re-examinations left out
-- order: person_key, exam_date, exam_no
-- Items are known by their words, since the codes of institutions differ. Counts in 10^9/L, blood lead in umol/L (ug/L
-- divided by 207.2). high_frequency_db is the mean of the thresholds at 3000, 4000 and 6000 Hz of both ears, as sent or from
-- the six of them; better_ear_db the smaller of the two ears' 0.9 × mean of 500, 1000 and 2000 Hz + 0.1 × 4000 Hz (GBZ 49,
-- from memory), rounded to whole decibels. has_opacity is empty when there is no film. Empty: not sent.
WITH
    items AS
    (
        SELECT
            institution_code::String AS institution, exam_no,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(item_name::String), '\\s+', ''))    AS word,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(unit::String), '\\s+', ''))         AS measure,
            normalizeUTF8NFKC(result)                                                        AS said,
            result_value                                                                     AS x,
            extract(word, '(\\d{3,4})(?:hz|赫兹)')                                           AS hertz,
            multiIf(position(word, '左') > 0, 'left', position(word, '右') > 0, 'right', '')  AS ear
        FROM stg_exam_item
        WHERE NOT ifNull(is_missing, false)
    ),
    exams AS
    (
        SELECT
            institution, exam_no,
            maxIf(match(said, '小阴影|大阴影|尘肺|阴影聚集') AND NOT match(said, '未见|无小阴影|无尘肺|没有|排除'),
                match(word, '胸片|胸部x|高千伏|dr胸|胸部dr|数字化摄影') AND said != '')::Nullable(Bool)  AS opacity,
            countIf(match(word, '胸片|胸部x|高千伏|dr胸|胸部dr|数字化摄影') AND said != '')  AS n_films,
            minIf(x, match(word, '^(血|外周血)?白细胞(计数|总数|数)?($|[(])|^wbc'))                              AS wbc,
            minIf(x, match(word, '^中性粒细胞(计数|绝对值|绝对数|数)|^neut#') AND measure != '%')  AS neutrophils,
            minIf(x, match(word, '^血小板(计数|总数|数)?($|[(])|^plt'))                              AS platelets,
            maxIf(if(match(measure, '^(u|μ|µ|微)g/l|微克/升'), x / 207.2, x), match(word, '血铅')) AS blood_lead,
            maxIf(x, match(word, '高频') AND match(word, '平均'))                             AS sent_high,
            groupArrayIf((ear, hertz, x), ear != '' AND hertz != '' AND x IS NOT NULL)        AS thresholds
        FROM items
        GROUP BY institution, exam_no
    )
SELECT
    exam.person_key                                                            AS person_key,
    if(using_key = '', exam.employer_key::String, using_key::String)           AS employer_key,
    exam_date, exam_type::String AS exam_type, exams.exam_no AS exam_no,
    arrayMap(h -> h::String, hazards_examined)                                 AS hazards,
    if(n_films > 0, opacity, NULL)                                             AS has_opacity,
    wbc, neutrophils, platelets, blood_lead,
    arrayMap(t -> assumeNotNull(t.3), arrayFilter(t -> t.2 IN ('3000', '4000', '6000'), thresholds)) AS high,
    coalesce(sent_high, if(length(high) = 6, arrayAvg(high), NULL))            AS high_frequency_db,
    arrayMap(e -> (arrayMap(t -> assumeNotNull(t.3), arrayFilter(t -> t.1 = e AND t.2 IN ('500', '1000', '2000'), thresholds)),
        arrayMap(t -> assumeNotNull(t.3), arrayFilter(t -> t.1 = e AND t.2 = '4000', thresholds))), ['left', 'right']) AS ears,
    if(arrayAll(e -> length(e.1) = 3 AND length(e.2) = 1, ears), round(arrayMin(arrayMap(e -> 0.9 * arrayAvg(e.1) + 0.1 * e.2[1], ears))), NULL) AS better_ear_db,
    concat('exam:', toString(exam.batch), ':', toString(exam.row))             AS line
FROM stg_exam AS exam
INNER JOIN exams ON exams.institution = exam.institution_code AND exams.exam_no = exam.exam_no
WHERE NOT is_reexam
