-- name: reports_unmatched
-- title: Hazard words that matched nothing, with the rows that carry them
SELECT word, toUInt64(count()) AS n_rows, sum(n_rows) OVER () AS all_rows
FROM
(
    SELECT hazard_text::String AS word FROM stg_declaration WHERE hazard = '' AND hazard_text != ''
    UNION ALL SELECT hazard_text::String FROM stg_detection WHERE hazard = '' AND hazard_text != ''
    UNION ALL SELECT hazard_text::String FROM stg_case_report WHERE hazard = '' AND hazard_text != ''
    UNION ALL SELECT arrayJoin(hazards_open) FROM stg_exam WHERE notEmpty(hazards_open)
)
GROUP BY word
ORDER BY n_rows DESC, word
LIMIT 50
