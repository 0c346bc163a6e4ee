-- name: transform_exposure_keep
-- title: Take over the estimates of groups whose measurements are as they were
INSERT INTO {{ident .Aside}}
SELECT
    old.* REPLACE (now.employer_name AS employer_name, now.n_unusable AS n_unusable, now.n_personal AS n_personal, now.n_over AS n_over)
FROM ind_exposure_group AS old
INNER JOIN fct_exposure_group AS now
    ON now.employer_key = old.employer_key AND now.workshop = old.workshop AND now.post = old.post AND now.hazard = old.hazard
    AND now.fraction = old.fraction AND now.limit_type = old.limit_type AND now.year = old.year AND now.unit = old.unit AND now.digest = old.digest
WHERE old.program = {program:UInt32}
