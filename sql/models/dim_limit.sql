-- name: dim_limit
-- title: 职业接触限值 | Exposure limits
-- grain: one row per hazard, particle size fraction, kind of limit, band of free silica and time in force
-- order: hazard, fraction, limit_type
-- Airborne limits in mg/m3 (asbestos fibres in f/mL), noise in dB(A). Heat, vibration and radiation fields
-- depend on more than one number and are judged by the institution's word. A limit that ref_limit_validity names
-- holds only in the times given there, each with its own values; every other one holds on all days.
SELECT
    hazard_id                                                   AS hazard,
    if(kind = 'noise', '', oel.fraction)                        AS fraction,
    limit_type,
    toFloat64OrZero(limit_text)                                 AS limit_value,
    limit_text,
    if(kind = 'noise', 'dB(A)', oel.unit)                       AS unit,
    kind = 'noise'                                              AS is_level,
    is_default = 'yes'                                          AS is_default,
    toFloat64OrZero(sio2_above_pct)                             AS sio2_above,
    ifNull(toFloat64OrNull(sio2_to_pct), 100)                   AS sio2_to,
    oel.carcinogen_iarc                                         AS carcinogen,
    if(kind = 'noise', toDate32('1900-01-01'), oel.valid_from)  AS valid_from,
    if(kind = 'noise', toDate32('2299-12-31'), oel.valid_to)    AS valid_to
FROM ref_hazard_limit
LEFT JOIN
(
    SELECT
        name_zh AS limit_name, ref_oel.fraction AS fraction, unit, carcinogen_iarc,
        if(dated.limit_name_zh = '', ref_oel.pc_twa, dated.pc_twa)      AS pc_twa,
        if(dated.limit_name_zh = '', ref_oel.pc_stel, dated.pc_stel)    AS pc_stel,
        if(dated.limit_name_zh = '', ref_oel.mac, dated.mac)            AS mac,
        if(dated.valid_from = '', toDate32('1900-01-01'), toDate32(dated.valid_from)) AS valid_from,
        if(dated.valid_to = '', toDate32('2299-12-31'), toDate32(dated.valid_to))     AS valid_to
    FROM ref_oel
    LEFT JOIN ref_limit_validity AS dated ON dated.limit_name_zh = ref_oel.name_zh AND dated.fraction = ref_oel.fraction
) AS oel ON oel.limit_name = limit_name_zh
ARRAY JOIN
    if(kind = 'noise', ['LEX'], ['TWA', 'STEL', 'MAC'])                              AS limit_type,
    if(kind = 'noise', ['85'], [oel.pc_twa, oel.pc_stel, oel.mac])                   AS limit_text
WHERE kind IN ('air', 'noise') AND toFloat64OrZero(limit_text) > 0
