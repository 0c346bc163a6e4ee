-- name: transform_indicator_signatures
-- title: Of what the values in use were made, by indicator
SELECT indicator::String AS name, any(signature) AS signature FROM ind_catalog GROUP BY indicator
