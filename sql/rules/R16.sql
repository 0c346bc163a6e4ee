-- id: R16
-- version: 1
-- title: 新接害人员未做上岗前检查 | New exposed workers without a pre-placement exam
-- message: {object}：{named}名新接害人员上岗{days}天以上未见上岗前检查；申报接害新增{growth}人，其中{missing}人无检查记录
--   | {object}: {named} new exposed workers without a pre-placement exam {days} days after they began; declared exposure grew by {growth}, {missing} of them without any exam
-- severity: yellow
-- addressee: EMP, TS
-- due: 30 days
-- life: state
-- source: found: the pre-placement exam is mandatory; 30 days are a proposal
-- params: days = 30, lookback_days = 365
-- Named ones: workers whose exam or whose row in the register of radiation workers says that exposure began in lookback_days up to days ago, without
-- a pre-placement exam of theirs at the employer within days of it or before. Declared ones: by how much the newest declaration
-- exceeds the one before (nothing, for the first one), less the workers first examined there since.
WITH
    {week_end:Date32} AS day,
    begun AS
    (
        SELECT person_key, if(using_key = '', employer_key::String, using_key::String) AS employer, min(assumeNotNull(exposure_start)) AS start,
            min(concat('exam:', toString(batch), ':', toString(row))) AS line
        FROM stg_exam
        WHERE exposure_start IS NOT NULL AND exposure_start BETWEEN addDays(day, -{lookback_days:Int32}) AND addDays(day, -{days:Int32} - 1) AND exam_date <= day
            AND exam_type = 'in'
        GROUP BY person_key, employer
        UNION ALL
        SELECT person_key, employer_key::String, min(start_date), min(concat('radiation_worker:', toString(batch), ':', toString(row)))
        FROM stg_radiation_worker
        WHERE start_date BETWEEN addDays(day, -{lookback_days:Int32}) AND addDays(day, -{days:Int32} - 1) AND (end_date IS NULL OR end_date > day)
        GROUP BY person_key, employer_key
    ),
    placed AS
    (
        SELECT person_key, if(using_key = '', employer_key::String, using_key::String) AS employer, min(exam_date) AS placed_on
        FROM stg_exam
        WHERE exam_type = 'pre' AND exam_date <= day AND person_key IN (SELECT person_key FROM begun)
        GROUP BY person_key, employer
    ),
    named AS
    (
        SELECT begun.employer AS employer, uniqExact(begun.person_key) AS persons, arraySort(groupArray(20)(begun.line)) AS lines
        FROM begun
        LEFT JOIN placed ON placed.person_key = begun.person_key AND placed.employer = begun.employer
        WHERE placed.employer = '' OR placed.placed_on > addDays(begun.start, {days:Int32})
        GROUP BY employer
    ),
    counts AS
    (
        SELECT employer_key, valid_from, sum(most) AS declared
        FROM (SELECT employer_key, valid_from, workshop, post, max(exposed) AS most FROM fct_declaration_state WHERE valid_from <= day GROUP BY employer_key, valid_from, workshop, post)
        GROUP BY employer_key, valid_from
    ),
    grown AS
    (
        SELECT employer_key AS employer, arrayReverseSort(groupArray((valid_from, toInt64(declared)))) AS history,
            history[1].1 AS declared_on, history[2].1 AS before, greatest(history[1].2 - history[2].2, 0) AS growth
        FROM counts
        GROUP BY employer_key
        HAVING growth > 0 AND declared_on BETWEEN addDays(day, -{lookback_days:Int32}) AND addDays(day, -{days:Int32} - 1)
    ),
    entered AS
    (
        SELECT employer, groupArray(first_exam) AS firsts
        FROM
        (
            SELECT if(using_key = '', employer_key::String, using_key::String) AS employer, min(exam_date) AS first_exam
            FROM stg_exam
            WHERE exam_type IN ('pre', 'in') AND exam_date <= day AND employer IN (SELECT employer FROM grown)
            GROUP BY employer, person_key
        )
        GROUP BY employer
    ),
    short AS
    (
        SELECT grown.employer AS employer, grown.growth AS growth, grown.growth - toInt64(arrayCount(d -> d > grown.before, entered.firsts)) AS lacking,
            grown.declared_on AS declared_on
        FROM grown
        LEFT JOIN entered ON entered.employer = grown.employer
        WHERE lacking > 0
    ),
    found AS
    (
        SELECT if(named.employer != '', named.employer, short.employer) AS key, named.persons AS n_named, named.lines AS named_lines,
            short.growth AS n_growth, greatest(short.lacking, 0) AS n_lacking, short.declared_on AS declared_on
        FROM named
        FULL JOIN short ON short.employer = named.employer
    )
SELECT
    'employer'                                                                   AS object_kind,
    found.key                                                                          AS object,
    if(dim_employer.employer_name = '', found.key, dim_employer.employer_name)         AS object_name,
    if(dim_employer.area = '', 'unassigned', dim_employer.area)                  AS area,
    'yellow'                                                                     AS severity,
    'pre_placement'                                                              AS cause,
    toFloat64(greatest(toInt64(n_named), n_lacking))                             AS score,
    map('named', toString(n_named), 'days', toString({days:Int32}), 'growth', toString(n_growth), 'missing', toString(n_lacking)) AS args,
    arraySlice(arrayConcat(named_lines, declared.rows_declared), 1, 20)          AS evidence,
    greatest(toUInt64(n_named), 0) + length(declared.rows_declared)              AS n_evidence
FROM found
LEFT JOIN
(
    SELECT employer_key::String AS declarer, accept_date, arraySort(groupArray(20)(concat('declaration:', toString(batch), ':', toString(row)))) AS rows_declared
    FROM stg_declaration
    WHERE accept_date > addDays(day, -{lookback_days:Int32} - 1)
    GROUP BY declarer, accept_date
) AS declared ON declared.declarer = found.key AND declared.accept_date = found.declared_on
LEFT JOIN dim_employer ON dim_employer.employer_key = found.key
