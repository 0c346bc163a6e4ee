-- id: T2
-- title: 一行为一家应检测的用人单位（T2-P：一个申报的岗位与因素） | an employer that must be tested; of T2-P a declared post and hazard
-- The results are those whose interval holds the day; a post has its declaration as well.
WITH
    due AS (SELECT employer_key, is_tested, is_full FROM fct_detection_status WHERE as_of_date = {to:Date32}),
    tests AS
    (
        SELECT
            stg_detection.employer_key::String                                           AS employer_key,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(workshop::String), '\\s+', '')) AS workshop,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(post::String), '\\s+', ''))     AS post,
            hazard::String                                                               AS hazard,
            concat('detection:', toString(batch), ':', toString(row))                    AS line
        FROM stg_detection
        INNER JOIN dim_employer ON dim_employer.employer_key = stg_detection.employer_key
        WHERE test_kind IN ('periodic', 'status', 'control') AND sample_date <= {to:Date32}
          AND {to:Date32} <= addMonths(sample_date, test_months)
          AND (test_kind != 'control' OR toYear(sample_date) = toYear({to:Date32}))
    ),
    declared AS
    (
        SELECT
            employer_key::String                                                         AS employer_key,
            accept_date,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(workshop::String), '\\s+', '')) AS workshop,
            lowerUTF8(replaceRegexpAll(normalizeUTF8NFKC(post::String), '\\s+', ''))     AS post,
            hazard::String                                                               AS hazard,
            concat('declaration:', toString(batch), ':', toString(row))                  AS line
        FROM stg_declaration
        WHERE accept_date <= {to:Date32}
    ),
    points AS
    (
        SELECT employer_key, workshop, post, hazard, valid_from
        FROM fct_declaration_state
        WHERE {to:Date32} BETWEEN valid_from AND valid_to
          AND hazard IN (SELECT hazard FROM dim_hazard WHERE has_limit)
          AND employer_key IN (SELECT employer_key FROM due)
    )
SELECT
    due.employer_key                                            AS employer_key,
    ''                                                          AS entity,
    if({variant:String} = 'full', due.is_full, due.is_tested)   AS numerator,
    1                                                           AS denominator,
    0                                                           AS missing,
    results.lines                                               AS lines
FROM due
LEFT JOIN (SELECT employer_key, arraySort(groupArray(line)) AS lines FROM tests GROUP BY employer_key) AS results ON results.employer_key = due.employer_key
WHERE {variant:String} != 'point'
UNION ALL
SELECT
    points.employer_key,
    concat(points.workshop, '\t', points.post, '\t', points.hazard),
    notEmpty(results.lines),
    1,
    0,
    arrayConcat(papers.lines, results.lines)
FROM points
LEFT JOIN
(
    SELECT employer_key, workshop, post, hazard, arraySort(groupArray(line)) AS lines
    FROM tests
    GROUP BY employer_key, workshop, post, hazard
) AS results ON results.employer_key = points.employer_key AND results.workshop = points.workshop AND results.post = points.post
    AND results.hazard = points.hazard
LEFT JOIN
(
    SELECT
        declared.employer_key AS employer_key, declared.workshop AS workshop, declared.post AS post, declared.hazard AS hazard,
        arraySort(groupArray(line)) AS lines
    FROM declared
    INNER JOIN (SELECT DISTINCT employer_key, valid_from FROM points) AS spans ON spans.employer_key = declared.employer_key
    WHERE toYear(accept_date) = toYear(valid_from) AND accept_date <= valid_from
    GROUP BY employer_key, workshop, post, hazard
) AS papers ON papers.employer_key = points.employer_key AND papers.workshop = points.workshop AND papers.post = points.post
    AND papers.hazard = points.hazard
WHERE {variant:String} = 'point'
