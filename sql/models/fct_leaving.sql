-- name: fct_leaving
-- title: 离岗 | Workers who left a post with hazards
-- grain: one row per time that a person left an employer, as exams and the register of radiation workers show it
-- order: employer_key, left_date, person_key
-- Somebody has left when there is a leaving exam, when the next pre-placement or in-service exam is at another employer (then on
-- its day), or when the register of radiation workers has an end date. Who left without any of these is not known.
--   has_exam   a leaving exam, or an in-service exam at most 90 days before leaving (GBZ 188-2025 4.6.1.3)
--   is_exempt  less than 30 days on the post, known from the pre-placement exam being the only one, at an employer without a
--              result over the limit (the same clause)
-- exposure_months and hazards are those of the last exam at the employer; of two cards of one day and kind the one with the lower number
-- goes first.
WITH
    history AS
    (
        SELECT
            person_key,
            arraySort(e -> (e.1, e.2, e.8), groupArray((
                exam_date,
                multiIf(exam_type = 'leave', 0, exam_type = 'in', 1, 2),
                exam_type::String,
                if(using_key = '', employer_key::String, using_key::String),
                exposure_months,
                arrayMap(h -> h::String, hazards_exposed),
                concat('exam:', toString(batch), ':', toString(row)),
                report_card_id))) AS exams
        FROM stg_exam
        WHERE NOT is_reexam AND exam_type IN ('pre', 'in', 'leave')
        GROUP BY person_key
    ),
    steps AS
    (
        SELECT
            person_key, exams[i] AS this, if(i > 1, exams[i - 1], this) AS before, if(i < length(exams), exams[i + 1], this) AS next,
            i = 1 OR before.4 != this.4 OR before.3 = 'leave' AS is_first,
            i < length(exams)                                 AS has_next
        FROM history
        ARRAY JOIN arrayEnumerate(exams) AS i
    ),
    seen AS
    (
        SELECT
            person_key,
            this.4                                                                             AS employer_key,
            if(this.3 = 'leave', this.1, next.1)                                               AS left_date,
            this.3 = 'leave' OR (this.3 = 'in' AND dateDiff('day', this.1, next.1) <= 90)      AS has_exam,
            this.3 = 'pre' AND is_first AND dateDiff('day', this.1, next.1) < 30               AS is_short,
            this.5                                                                             AS exposure_months,
            this.6                                                                             AS hazards,
            [this.7]                                                                           AS lines
        FROM steps
        WHERE (this.3 = 'leave' AND NOT (before.3 = 'leave' AND before.4 = this.4 AND before.7 != this.7))
            OR (this.3 != 'leave' AND has_next AND next.3 IN ('pre', 'in') AND next.4 != this.4)
    ),
    registered AS
    (
        SELECT
            fct_radiation_worker.person_key AS person_key, employer_key, end_date AS left_date,
            arrayExists(e -> e.4 = employer_key AND ((e.3 = 'leave' AND abs(dateDiff('day', e.1, left_date)) <= 90)
                OR (e.3 = 'in' AND dateDiff('day', e.1, left_date) BETWEEN 0 AND 90)), history.exams) AS has_exam
        FROM fct_radiation_worker
        LEFT JOIN history ON history.person_key = fct_radiation_worker.person_key
        WHERE end_date <= {today:Date32} AND fct_radiation_worker.person_key != toUUID('00000000-0000-0000-0000-000000000000')
    ),
    both AS
    (
        SELECT person_key, employer_key, left_date, has_exam, is_short, exposure_months, hazards, lines, false AS is_registered FROM seen
        UNION ALL
        SELECT person_key, employer_key, left_date, has_exam, false, NULL, [], [], true FROM registered
    )
SELECT
    person_key, employer_key, left_date, has_exam, is_short AND employer_key NOT IN (SELECT employer_key FROM fct_detection_judgement WHERE state = 'over') AS is_exempt,
    exposure_months, hazards, lines
FROM both
WHERE is_registered OR (person_key, employer_key) NOT IN (SELECT person_key, employer_key FROM registered)
