-- id: R43
-- version: 1
-- title: 投诉超期或多次转办 | Complaint overdue or passed on twice
-- message: 投诉 {no}（{subject}，{employer}）{why}
--   | complaint {no} ({subject}, {employer}): {why}
-- severity: yellow
-- addressee: WJW, JDS
-- due: 5 working days
-- life: state
-- source: point 8 of the source document; the limits are proposals, 60 days for letters from memory
-- params: limit_days = 60, hotline_days = 15, max_days = 730
-- Not answered within the limit of its channel, or received as handed over and handed on again. The rows keep the last hand-over only, so that two of them show in
-- this way alone. The owner department is in the arguments; it is no addressee code.
WITH
    {week_end:Date32} AS day,
    complaints AS
    (
        SELECT *, dateDiff('day', receive_date, day) AS waited, if(channel = 'hotline', {hotline_days:Int32}, {limit_days:Int32}) AS allowed,
            channel = 'handed' AND handed_to != '' AS is_twice
        FROM stg_complaint
        WHERE receive_date <= day AND receive_date > addDays(day, -{max_days:Int32}) AND (answered_date IS NULL OR answered_date > day)
            AND (waited > allowed OR is_twice)
    )
SELECT
    'complaint'                                                                  AS object_kind,
    complaint_no                                                                 AS object,
    complaint_no                                                                 AS object_name,
    multiIf(c.township_code IN (SELECT township FROM dim_township), c.township_code::String, dim_employer.area != '', dim_employer.area, 'unassigned') AS area,
    'yellow'                                                                     AS severity,
    'open'                                                                       AS cause,
    toFloat64(waited)                                                            AS score,
    map('no', complaint_no, 'subject', c.subject::String, 'employer', if(dim_employer.employer_name = '', c.employer_name::String, dim_employer.employer_name), 'department', c.handed_to::String,
        'why', if(waited > allowed, concat('受理', toString(waited), '天未答复（时限', toString(allowed), '天）'), concat('再次转办（', c.handed_to, '）')),
        'why_en', if(waited > allowed, concat('no answer ', toString(waited), ' days after receipt (limit ', toString(allowed), ')'), concat('passed on again (', c.handed_to, ')'))) AS args,
    [concat('complaint:', toString(c.batch), ':', toString(c.row))]              AS evidence,
    1                                                                            AS n_evidence
FROM complaints AS c
LEFT JOIN dim_employer ON dim_employer.employer_key = c.employer_key::String
