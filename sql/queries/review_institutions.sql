-- title: Institutions on the list with their names
SELECT DISTINCT institution_code::String AS institution_code, institution_name::String AS institution_name
FROM raw_institution
WHERE batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published')
ORDER BY institution_code, institution_name
