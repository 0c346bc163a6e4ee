-- title: Files that are missing past their due date, the oldest first
SELECT sender, stream, period, due_date, days_late
FROM fct_due
WHERE state = 'missing' AND due_date >= {from:Date32} AND due_date < {to:Date32}
ORDER BY due_date, sender, stream
