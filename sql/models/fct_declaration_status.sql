-- name: fct_declaration_status
-- title: 申报情况（按读数日） | Declaration on each reading date
-- grain: one row per employer that has ever declared, basis of the cycles (see dim_exam_basis) and reading date
-- order: as_of_date, employer_key
-- by_as_of_date: dim_reading
-- by_employer_key: fct_declaration_state
-- exposed is the head count of the posts with a hazard whose in-service exam is mandatory on that day: per
-- workshop and post the largest number declared for such a hazard.
WITH posts AS
(
    SELECT
        employer_key, valid_from, valid_to, basis, edition_from, edition_to, sum(most) AS exposed
    FROM
    (
        SELECT
            employer_key, valid_from, valid_to, basis, edition_from, edition_to, workshop, post, max(exposed) AS most
        FROM fct_declaration_state
        INNER JOIN dim_exam_cycle ON dim_exam_cycle.hazard = fct_declaration_state.hazard
        WHERE edition_from <= valid_to AND edition_to >= valid_from
        GROUP BY employer_key, valid_from, valid_to, basis, edition_from, edition_to, workshop, post
    )
    GROUP BY employer_key, valid_from, valid_to, basis, edition_from, edition_to
)
SELECT
    as_of_date,
    spans.employer_key                            AS employer_key,
    spans.basis                                   AS basis,
    toYear(valid_from) = toYear(as_of_date)       AS in_year,
    sumIf(posts.exposed, posts.basis = spans.basis AND as_of_date BETWEEN posts.edition_from AND posts.edition_to) AS exposed
FROM
(
    SELECT DISTINCT
        employer_key, valid_from, reading.1 AS as_of_date, reading.2 AS basis
    FROM fct_declaration_state
    ARRAY JOIN arrayFilter(d -> d.1 BETWEEN valid_from AND valid_to,
        (SELECT groupArray((as_of_date, basis)) FROM dim_reading CROSS JOIN dim_exam_basis WHERE as_of_date BETWEEN from_date AND to_date)) AS reading
) AS spans
LEFT JOIN posts ON posts.employer_key = spans.employer_key AND posts.valid_from = spans.valid_from
GROUP BY as_of_date, employer_key, basis, in_year
