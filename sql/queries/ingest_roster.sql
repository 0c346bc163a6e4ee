-- title: Employers on the roster with their names
SELECT employer_key, employer_name, former_names
FROM raw_employer
WHERE batch IN (SELECT batch FROM ops_batch GROUP BY batch HAVING max(state) = 'published')
    AND NOT startsWith(employer_key, 'name:')
ORDER BY batch, row
LIMIT 1 BY employer_key, employer_name, former_names
