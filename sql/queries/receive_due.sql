-- title: Files that were due, by sender, stream and period
SELECT sender, stream, contact, period, due_date, received_day, batch, state, days_late
FROM fct_due
WHERE period_start >= {from:Date32}
ORDER BY sender, stream, period_start
