-- title: Number of rows of a table
SELECT count() AS n FROM {table:Identifier}
