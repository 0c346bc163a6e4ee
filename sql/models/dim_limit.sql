-- name: dim_limit
-- title: 职业接触限值 | Exposure limits
-- grain: one row per hazard, particle size fraction, kind of limit and band of free silica
-- order: hazard, fraction, limit_type
-- Airborne limits in mg/m3 (asbestos fibres in f/mL), noise in dB(A). Heat, vibration and radiation fields
-- depend on more than one number and are judged by the institution's word.
SELECT
    hazard_id                                                   AS hazard,
    if(kind = 'noise', '', oel.fraction)                        AS fraction,
    limit_type,
    toFloat64OrZero(limit_text)                                 AS limit_value,
    if(kind = 'noise', 'dB(A)', oel.unit)                       AS unit,
    kind = 'noise'                                              AS is_level,
    is_default = 'yes'                                          AS is_default,
    toFloat64OrZero(sio2_above_pct)                             AS sio2_above,
    ifNull(toFloat64OrNull(sio2_to_pct), 100)                   AS sio2_to,
    oel.carcinogen_iarc                                         AS carcinogen
FROM ref_hazard_limit
LEFT JOIN
(
    SELECT name_zh AS limit_name, fraction, unit, carcinogen_iarc, pc_twa, pc_stel, mac
    FROM ref_oel
) AS oel ON oel.limit_name = limit_name_zh
ARRAY JOIN
    if(kind = 'noise', ['LEX'], ['TWA', 'STEL', 'MAC'])                              AS limit_type,
    if(kind = 'noise', ['85'], [oel.pc_twa, oel.pc_stel, oel.mac])                   AS limit_text
WHERE kind IN ('air', 'noise') AND toFloat64OrZero(limit_text) > 0
