-- id: R34
-- version: 1
-- title: 负责人、管理人员培训缺失或到期 | Head or manager untrained or expiring
-- message: {object}：{who}培训{state}（有效期至 {until}）
--   | {object}: training of {who} {state} (valid to {until})
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: goal T4 of the source document; validity of 12 months and pre-warning are proposals
-- params: ahead_days = 30, valid_months = 12
-- Active key-industry employers with hazards. The person in charge by name where the roster has it, all managers named by the roster, else anyone of the role.
-- A passed record holds until its printed end, else for valid_months.
WITH
    {week_end:Date32} AS day,
    records AS
    (
        SELECT employer_key::String AS employer, person_role::String AS role,
            groupArray((ifNull(name_key, toUUID('00000000-0000-0000-0000-000000000000')), ifNull(valid_to, addMonths(train_date, {valid_months:Int32})),
                concat('training:', toString(batch), ':', toString(row)))) AS held
        FROM stg_training
        WHERE result = 'pass' AND person_role IN ('head', 'manager') AND train_date <= day
        GROUP BY employer, role
    ),
    asked AS
    (
        SELECT employer_key AS employer, post.1 AS role, post.2 AS persons, exposed_total
        FROM dim_employer
        ARRAY JOIN [('head', if(head_key IS NULL, [], [assumeNotNull(head_key)])), ('manager', manager_keys)] AS post
        WHERE is_key AND has_hazard AND NOT is_discovered AND status IN ('active', 'moved') AND (close_date IS NULL OR close_date > day) AND (start_date IS NULL OR start_date <= day)
    ),
    states AS
    (
        SELECT
            asked.employer AS employer, asked.role AS role, exposed_total, records.held AS held,
            if(empty(persons), arrayMax(arrayPushFront(arrayMap(r -> r.2, held), toDate32('1900-01-01'))),
                arrayMin(arrayMap(p -> arrayMax(arrayPushFront(arrayMap(r -> r.2, arrayFilter(r -> r.1 = p, held)), toDate32('1900-01-01'))), persons))) AS until
        FROM asked
        LEFT JOIN records ON records.employer = asked.employer AND records.role = asked.role
        WHERE until < addDays(day, {ahead_days:Int32})
    )
SELECT
    'employer'                                                                   AS object_kind,
    dim_employer.employer_key                                                                          AS object,
    dim_employer.employer_name                                                   AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    states.role                                                                  AS cause,
    toFloat64(states.exposed_total) + if(until < day, 1000, 0)                   AS score,
    map('who', if(states.role = 'head', '主要负责人', '职业卫生管理人员'), 'who_en', if(states.role = 'head', 'the person in charge', 'the managers'),
        'until', if(until = toDate32('1900-01-01'), '—', toString(until)),
        'state', multiIf(until = toDate32('1900-01-01'), '缺失', until < day, '已过期', '即将到期'),
        'state_en', multiIf(until = toDate32('1900-01-01'), 'missing', until < day, 'has expired', 'expires soon')) AS args,
    arraySlice(arraySort(if(empty(states.held), arrayFilter(l -> l != '', [roster.line]), arrayMap(r -> r.3, states.held))), 1, 20) AS evidence,
    length(evidence)                                                             AS n_evidence
FROM states
INNER JOIN dim_employer ON dim_employer.employer_key = states.employer
LEFT JOIN
(
    SELECT employer_key::String AS roster_employer, argMin(concat('employer:', toString(batch), ':', toString(row)), workplace_no) AS line
    FROM stg_employer
    GROUP BY roster_employer
) AS roster ON roster.roster_employer = dim_employer.employer_key
