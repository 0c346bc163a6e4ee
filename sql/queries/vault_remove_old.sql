-- title: Remove the entries of the vault that an older key has sealed
ALTER TABLE {{table .Table}} {{on_cluster}} DELETE WHERE NOT startsWith(sealed, concat(toString({newest:UInt32}), ':')) SETTINGS mutations_sync = 1
