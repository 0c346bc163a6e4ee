-- name: fct_acute_event
-- title: 急性职业病事件 | Acute events with their cases
-- grain: one row per acute event: as the event stream has it, or as acute case cards of one place on neighbouring days show it
-- order: known_date, event
-- Cards belong to the event whose code they name. Those that name none (or one that the event stream doesn't have) and are
-- acute poisonings (category 5 of the catalogue, 急 in the severity) or heat illness make an event of their own for each
-- employer (without one: each code) and run of days no more than one apart; dates are all that cards tell of the 24 hours of the
-- reporting rule. ill and dead are the larger of what the event says and of the persons on the cards. stated is the grade that the
-- event states, 1 to 4, or 0; rule R02 grades by the numbers. known_date is the first report.
WITH
    cards AS
    (
        SELECT
            person_key, event_code, employer_key::String AS employer_key, employer_name::String AS employer_name, disease::String AS disease,
            coalesce(occur_date, diagnosis_date, report_date) AS day, report_date, death_date IS NOT NULL OR report_kind = 'death' AS is_dead,
            concat('case_report:', toString(batch), ':', toString(row)) AS line
        FROM stg_case_report
        WHERE report_kind IN ('new', 'correction', 'death', '')
            AND ((disease IN (SELECT dim_disease.disease FROM dim_disease WHERE category_no = 5) AND position(severity, '急') > 0)
                OR disease = 'OD2024-06-01' OR event_code IN (SELECT stg_event.event_code FROM stg_event))
    ),
    marked AS
    (
        SELECT *, if(employer_key != '', employer_key, event_code) AS place,
            day > addDays(max(day) OVER (PARTITION BY place, disease ORDER BY day, line ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 1) AS is_new
        FROM cards
        WHERE event_code NOT IN (SELECT stg_event.event_code FROM stg_event) AND place != ''
    ),
    runs AS
    (
        SELECT *, sum(is_new) OVER (PARTITION BY place, disease ORDER BY day, line ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS run
        FROM marked
    )
SELECT *
FROM
(
    SELECT
        e.event_code                                                                AS event,
        e.kind::String                                                              AS kind,
        e.start_date                                                                AS start_date,
        e.employer_key::String                                                      AS employer_key,
        e.employer_name::String                                                     AS employer_name,
        e.township_code::String                                                     AS township,
        if(e.hazard = '', e.hazard_text, e.hazard)::String                          AS agent,
        greatest(toUInt64(e.ill), named.persons)                                    AS ill,
        greatest(toUInt64(ifNull(e.dead, 0)), named.deaths)                         AS dead,
        toUInt8OrZero(e.grade)                                                      AS stated,
        e.report_date                                                               AS known_date,
        e.closed_date                                                               AS closed_date,
        arrayConcat([concat('event:', toString(e.batch), ':', toString(e.row))], named.lines) AS lines
    FROM stg_event AS e
    LEFT JOIN
    (
        SELECT event_code AS code, uniqExact(person_key) AS persons, uniqExactIf(person_key, is_dead) AS deaths, arraySort(groupArray(line)) AS lines
        FROM cards
        WHERE event_code != ''
        GROUP BY code
    ) AS named ON named.code = e.event_code
    UNION ALL
    SELECT
        concat(place, ':', disease, ':', toString(min(day))), if(disease = 'OD2024-06-01', 'heat', 'poisoning'), min(day), any(employer_key), any(employer_name), '',
        disease, uniqExact(person_key) AS ill, uniqExactIf(person_key, is_dead) AS dead, 0,
        min(report_date), NULL, arraySort(groupArray(line))
    FROM runs
    GROUP BY place, disease, run
)
