-- title: Entries of the vault that an older key has sealed and the newest has not, some of them
SELECT person_key, stream, field, batch, row, at, min(sealed) AS sealed
FROM ops_vault
GROUP BY person_key, stream, field, batch, row, at
HAVING NOT max(startsWith(ops_vault.sealed, concat(toString({newest:UInt32}), ':')))
LIMIT {limit:UInt64}
