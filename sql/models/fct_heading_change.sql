-- name: fct_heading_change
-- title: 表头变化 | Changes of headings between deliveries
-- grain: one row per batch and heading that differs from the delivery before of the same sender and stream
-- order: sender, stream, batch, change, heading
-- Renamed means that the same field stands under another heading, suspected that a known heading is gone and an unknown one stands at
-- its place. Spaces, line breaks, asterisks and the width of characters don't count. New, missing are neither. Moved are the same headings in another order, one row for the batch.
WITH
    deliveries AS
    (
        SELECT batch, sender, stream, month,
            arrayMap(h -> replaceRegexpAll(normalizeUTF8NFKC(h), '[\\s*]', ''), headings) AS plain,
            arrayFilter(p -> p.1 != '', arrayZip(plain, heading_fields, arrayEnumerate(plain))) AS here,
            lagInFrame(here) OVER (PARTITION BY sender, stream ORDER BY received_at, batch ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS before
        FROM fct_delivery
        WHERE sender != '' AND notEmpty(headings)
    ),
    compared AS
    (
        SELECT batch, sender, stream, month, here, before,
            arrayMap(p -> p.1, here) AS headings_here, arrayMap(p -> p.1, before) AS headings_before,
            arrayMap(p -> p.2, here) AS fields_here, arrayMap(p -> p.2, before) AS fields_before,
            arrayFilter(p -> p.2 != '' AND has(fields_before, p.2) AND NOT has(headings_before, p.1), here) AS renamed,
            arrayFilter(p -> NOT has(headings_before, p.1) AND NOT (p.2 != '' AND has(fields_before, p.2)), here) AS added,
            arrayFilter(p -> NOT has(headings_here, p.1) AND NOT (p.2 != '' AND has(fields_here, p.2)), before) AS gone,
            arrayFilter(p -> p.2 = '' AND arrayExists(g -> g.3 = p.3 AND g.2 != '', gone), added) AS suspected,
            arrayMap(p -> p.3, suspected) AS places
        FROM deliveries
        WHERE notEmpty(before)
    )
SELECT batch, sender, stream, month, x.1 AS change, x.2 AS heading, x.3 AS heading_before
FROM compared
ARRAY JOIN arrayConcat(
    arrayMap(p -> ('renamed', p.1, headings_before[indexOf(fields_before, p.2)]), renamed),
    arrayMap(p -> ('suspected', p.1, arrayFirst(g -> g.3 = p.3, gone).1), suspected),
    arrayMap(p -> ('new', p.1, ''), arrayFilter(p -> NOT has(places, p.3), added)),
    arrayMap(p -> ('missing', '', p.1), arrayFilter(p -> NOT has(places, p.3), gone)),
    if(headings_here != headings_before AND arraySort(headings_here) = arraySort(headings_before), [('moved', '', '')], [])) AS x
