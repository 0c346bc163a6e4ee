-- name: fct_test_span
-- title: 检测有效区间 | Days covered by a test
-- grain: one row per employer, workshop, post, hazard and sampling date of a test that counts for the legal interval
-- order: employer_key, hazard, sample_date
-- by_employer_key: dim_employer; stg_detection
-- Periodic tests and status evaluations count for the employer's interval, a control-effect evaluation until
-- the end of its year; supervision, monitoring and accident tests don't count.
SELECT
    employer_key::String                                                         AS employer_key,
    lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(workshop::String), '\\s+', '')) AS workshop,
    lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(post::String), '\\s+', ''))     AS post,
    hazard::String                                                               AS hazard,
    sample_date,
    max(if(test_kind = 'control',
        least(addMonths(sample_date, test_months), makeDate32(toYear(sample_date), 12, 31)),
        addMonths(sample_date, test_months)))                                      AS covers_to
FROM stg_detection
INNER JOIN dim_employer ON dim_employer.employer_key = stg_detection.employer_key
WHERE test_kind IN ('periodic', 'status', 'control')
GROUP BY employer_key, workshop, post, hazard, sample_date
