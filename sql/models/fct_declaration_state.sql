-- name: fct_declaration_state
-- title: 申报内容的有效区间 | What an employer had declared, by time
-- grain: one row per employer, span of days, workshop, post and hazard
-- order: employer_key, valid_from, workshop, post, hazard
-- by_employer_key: stg_declaration
-- A span begins with an accepted declaration and ends before the next one. In it counts what was declared in
-- the calendar year of that declaration up to then. Workshop and post are compared without spaces and case.
WITH
    declared AS
    (
        SELECT
            employer_key::String                                                            AS employer_key,
            accept_date,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(workshop::String), '\\s+', ''))    AS workshop,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(post::String), '\\s+', ''))        AS post,
            hazard::String                                                                  AS hazard,
            exposed
        FROM stg_declaration
    ),
    spans AS
    (
        SELECT
            employer_key,
            accept_date AS valid_from,
            leadInFrame(addDays(accept_date, -1), 1, toDate32('2299-12-31')) OVER (
                PARTITION BY employer_key ORDER BY accept_date
                ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS valid_to
        FROM (SELECT DISTINCT employer_key, accept_date FROM declared)
    )
SELECT
    spans.employer_key AS employer_key,
    valid_from,
    valid_to,
    workshop,
    post,
    hazard,
    max(exposed) AS exposed
FROM spans
INNER JOIN declared ON declared.employer_key = spans.employer_key AND toYear(declared.accept_date) = toYear(spans.valid_from)
WHERE declared.accept_date <= valid_from
GROUP BY employer_key, valid_from, valid_to, workshop, post, hazard
