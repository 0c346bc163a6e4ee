-- title: How many entries of the vault each key has sealed
SELECT toInt32OrZero(substring(sealed, 1, position(sealed, ':') - 1)) AS version, count() AS n_entries
FROM ops_vault
GROUP BY version
ORDER BY version
