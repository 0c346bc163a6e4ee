-- name: transform_series
-- title: The facts of a series definition as weekly counts of all strata, column by column, in one row
-- Weeks are numbered from the Monday 1970-01-05 on. A cell is what one stratum has in one week with one delay in weeks
-- (the last delay stands for longer ones; without a report date all have 0). Facts that were not known at the end of
-- the week last_week don't count. Facts without a date only name a stratum.
WITH facts AS
(
{{.Select}}
),
placed AS
(
    SELECT
        stratum::String AS stratum, name_zh::String AS name_zh, name_en::String AS name_en, area::String AS area,
        toFloat64(n) AS n, toFloat64(population) AS population, lines::Array(String) AS evidence,
        if(event_date IS NULL, NULL, toInt32(floor((toInt32(toDate32(assumeNotNull(event_date))) - 4) / 7)))               AS week,
        if({has_delay:Bool}, toInt32(floor((toInt32(toDate32(ifNull(known_date, event_date))) - 4) / 7)), week)           AS known_week,
        least(greatest(ifNull(known_week - week, 0), 0), {max_delay:Int32})                                                AS delay
    FROM facts
    WHERE week IS NULL
        OR (week BETWEEN {first_week:Int32} AND {last_week:Int32} AND known_week <= {last_week:Int32})
),
cells AS
(
    SELECT
        stratum, week, delay, max(name_zh) AS zh, max(name_en) AS en, max(area) AS place, sum(n) AS events, sum(population) AS people,
        if(week >= {evidence_from:Int32}, groupArrayArray(evidence), [])                                                   AS rows
    FROM placed
    GROUP BY stratum, week, delay
),
strata AS
(
    SELECT
        stratum, max(zh) AS zh, max(en) AS en, max(place) AS place,
        arraySort(groupArrayIf((assumeNotNull(week), delay, events, people), week IS NOT NULL))                            AS cell,
        arraySort(arrayFlatten(groupArrayIf(arrayMap(l -> (assumeNotNull(week), l), rows), week IS NOT NULL)))            AS line
    FROM cells
    GROUP BY stratum
    ORDER BY stratum
)
SELECT
    groupArray(stratum)                                      AS strata,
    groupArray(zh)                                           AS names_zh,
    groupArray(en)                                           AS names_en,
    groupArray(place)                                        AS areas,
    groupArray(toUInt32(length(cell)))                       AS n_cells,
    arrayFlatten(groupArray(arrayMap(c -> c.1, cell)))       AS weeks,
    arrayFlatten(groupArray(arrayMap(c -> c.2, cell)))       AS delays,
    arrayFlatten(groupArray(arrayMap(c -> c.3, cell)))       AS counts,
    arrayFlatten(groupArray(arrayMap(c -> c.4, cell)))       AS populations,
    groupArray(toUInt32(length(line)))                       AS n_lines,
    arrayFlatten(groupArray(arrayMap(l -> l.1, line)))       AS line_weeks,
    arrayFlatten(groupArray(arrayMap(l -> l.2, line)))       AS lines
FROM strata
