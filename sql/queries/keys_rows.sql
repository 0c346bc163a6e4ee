-- title: How many rows each key has sealed
SELECT toInt32OrZero(if(position(sealed, ':') = 0, '1', substring(sealed, 1, position(sealed, ':') - 1))) AS version, uniqExact(sealed) AS n_entries
FROM ops_finding
WHERE sealed != ''
GROUP BY version
ORDER BY version
