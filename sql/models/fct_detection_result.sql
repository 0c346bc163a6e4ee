-- name: fct_detection_result
-- title: 检测结果（重新判定） | Detection results, judged anew
-- grain: one row per detection result
-- order: employer_key, sample_date, report_no
-- by_employer_key: stg_detection
-- The limit is ours where the hazard has one in the unit of the result on the day of sampling: by fraction, kind of
-- limit and, for dust with 10 % of free silica or more (asbestos apart), by silica band (10 belongs to the first band, 50 and 80
-- to the lower one). A short-term sample (STEL or PE) is held against the PC-STEL, else the MAC, else as a peak (PE) against five times
-- the TWA. A result in ppm becomes mg/m3 with the molar mass at 20 °C (24.05 L/mol) where that is known. A TWA
-- limit shrinks for shifts above 8 hours a day or 40 hours a week (Brief and Scala, GBZ 2.1-2019; irritants and simple
-- asphyxiants apart), to one decimal more than it has; without hours the institution's adjusted limit counts when it
-- is lower. Noise as LEX,8h in a week of other than five days becomes LEX,40h (GBZ 331-2024 G.2, equal days): plus 10 lg(days / 5).
-- Where we have no limit, the institution's limit and then its word decide. Values are rounded half to even
-- to one decimal more than the limit has before they are compared (GBZ 331-2024 G.1.2).
--   judged_type  kind of limit it was held against: TWA, STEL, MAC, PE, LEX or as sent
--   state     over, within, cannot_judge (below a quantification level that lies above the limit), not_judged (no limit
--             and no word)
--   ratio     value / limit; for noise it is empty, decibels are no ratio
--   level     exposure level 0 to 4 (I to IV) of GBZ 2.1-2019 table 5; of a result below quantification at most this one
--   is_action the action level is passed: half the limit, for noise 80 dB(A)
--   noise_band  below_80, from_80 (noise work), from_85, from_90, from_95, from_100 (grades I to IV, GBZ/T 229.4, memory)
--   is_excursion  short-term above 3 times the TWA (PE) or above the TWA (STEL): allowed four times a shift, an hour apart;
--             fct_detection_judgement counts
--   dissent   missed: over by our limit, 符合 by the institution; stricter: the other way round
WITH
    prepared AS
    (
        SELECT
            stg_detection.*,
            hazard::String AS declared_hazard,
            if(startsWith(hazard, 'HZ-1-') AND hazard != 'HZ-1-005' AND free_sio2_pct >= 10, 'HZ-1-001', hazard::String) AS judged_as,
            if(fraction = '' AND startsWith(hazard, 'HZ-1-'), 'total', fraction::String)          AS judged_fraction,
            if(unit = 'ppm' AND mass > 0, mass / 24.05, 1)                                        AS factor,
            if(unit = 'ppm' AND mass > 0, 'mg/m3', unit::String)                                  AS judged_unit,
            if(limit_type = 'LEX8h' AND unit = 'dB(A)' AND days_week > 0, 10 * log10(days_week / 5), 0) AS week_addition,
            value * factor + ifNull(week_addition, 0)                                             AS judged_value,
            lod * factor                                                                          AS judged_lod,
            limit_value * factor                                                                  AS stated_limit,
            limit_adjusted * factor                                                               AS stated_adjusted,
            coalesce(hours_week, hours_day * days_week)                                           AS week_hours,
            unadjusted
        FROM stg_detection
        LEFT JOIN
        (
            SELECT hazard_id, toFloat64OrZero(molar_mass) AS mass, no_shift_adjustment AS unadjusted FROM ref_hazard_judging
        ) AS judging ON judging.hazard_id = stg_detection.hazard
    ),
    limits AS
    (
        SELECT
            hazard AS limit_hazard,
            groupArray((fraction, unit, sio2_above, sio2_to, is_default, limit_value, limit_text, valid_from, valid_to, limit_type)) AS all_bands
        FROM dim_limit
        GROUP BY hazard
    ),
    -- Step by step: in one SELECT, each name would stand for all that it is made of, over and over.
    banded AS
    (
        SELECT
            *,
            ifNull(free_sio2_pct, 0)                                                               AS silica_pct,
            arraySort(b -> (NOT (b.3 > 0 AND silica_pct <= b.4 AND (silica_pct > b.3 OR b.3 = 10 AND silica_pct = 10)), NOT b.5, b.6),
                arrayFilter(b -> b.2 = judged_unit AND (b.1 = judged_fraction OR b.1 = '') AND sample_date BETWEEN b.8 AND b.9, all_bands)) AS bands,
            multiIf(unit = 'dB(A)' OR startsWith(limit_type, 'LEX'), 'LEX',
                    limit_type NOT IN ('STEL', 'PE'), limit_type::String,
                    arrayExists(b -> b.10 = 'STEL', bands), 'STEL',
                    arrayExists(b -> b.10 = 'MAC', bands), 'MAC',
                    arrayExists(b -> b.10 = 'TWA', bands), 'PE',
                    limit_type::String)                                                            AS judged_type
        FROM prepared
        LEFT JOIN limits ON limits.limit_hazard = prepared.judged_as
    ),
    matched AS
    (
        SELECT
            *,
            arrayFilter(b -> b.10 = if(judged_type = 'PE', 'TWA', judged_type), bands)[1]          AS band,
            arrayFilter(b -> b.10 = 'TWA', bands)[1].6                                             AS twa_limit
        FROM banded
    ),
    adjusted AS
    (
        SELECT
            *,
            band.6                                                                                 AS own_limit,
            if(judged_type = 'TWA' AND unadjusted = '', least(
                if(hours_day > 8, 8 / hours_day * (24 - hours_day) / 16, 1),
                if(week_hours > 40, 40 / week_hours * (168 - week_hours) / 128, 1)), 1)            AS shift_factor,
            length(splitByChar('.', if(own_limit > 0, band.7, toString(ifNull(stated_limit, 0))))[2])  AS decimals
        FROM matched
    ),
    limited AS
    (
        SELECT
            *,
            multiIf(own_limit > 0 AND judged_type = 'PE', own_limit * 5,
                    own_limit > 0 AND shift_factor < 1, roundBankers(own_limit * shift_factor, decimals + 1),
                    own_limit > 0 AND judged_type = 'TWA' AND stated_adjusted > 0, least(own_limit, assumeNotNull(stated_adjusted)),
                    own_limit > 0, own_limit,
                    ifNull(coalesce(stated_adjusted, stated_limit), 0))                            AS limit_used,
            roundBankers(ifNull(judged_value, 0), decimals + 1)                                    AS compared,
            qualifier IN ('nd', 'lt')                                                              AS is_below,
            multiIf(judged_type = 'PE', 3 * own_limit, judged_type = 'STEL', twa_limit, 0)         AS excursion_from
        FROM adjusted
    )
SELECT
    employer_key::String AS employer_key,
    employer_name, institution_code, institution_name, report_no, test_kind, sample_date, issue_date,
    workshop, post, point, method, declared_hazard AS hazard, hazard_text, fraction, limit_type, judged_as, judged_type, judged_fraction,
    judged_value AS value, qualifier, judged_lod AS lod, judged_unit AS unit, judgement, batch, row,
    own_limit, shift_factor, limit_used, compared,
    NOT is_below AND value IS NOT NULL AND limit_used > 0                                                  AS is_judged,
    if(is_judged AND judged_type != 'LEX', compared / limit_used, NULL)                                     AS ratio,
    multiIf(
        is_judged,                                                 if(compared > limit_used, 'over', 'within'),
        is_below AND limit_used > 0 AND lod > limit_used,          'cannot_judge',
        is_below,                                                  'within',
        judgement = 'fail' AND limit_used = 0,                     'over',
        judgement = 'pass' AND limit_used = 0,                     'within',
        'not_judged')                                                                                       AS state,
    state = 'over'                                                                                          AS is_over,
    if(judged_type = 'LEX' OR limit_used = 0, NULL, if(is_below, lod, compared) / limit_used)               AS level_ratio,
    if(level_ratio IS NULL, NULL,
        multiIf(level_ratio <= 0.01, 0, level_ratio <= 0.1, 1, level_ratio <= 0.5, 2, level_ratio <= 1, 3, 4))::Nullable(UInt8) AS level,
    if(judged_type != 'LEX' OR NOT is_judged, '', multiIf(compared < 80, 'below_80', compared < 85, 'from_80', compared < 90, 'from_85',
        compared < 95, 'from_90', compared < 100, 'from_95', 'from_100'))                                   AS noise_band,
    is_judged AND if(judged_type = 'LEX', compared >= 80, ifNull(ratio > 0.5, false))                       AS is_action,
    is_judged AND excursion_from > 0 AND compared > excursion_from                                          AS is_excursion,
    multiIf(own_limit > 0 AND state = 'over' AND judgement = 'pass', 'missed',
            own_limit > 0 AND state = 'within' AND judgement = 'fail', 'stricter', '')                      AS dissent
FROM limited
