-- name: assessment_next
-- title: Number of the next assessment, above those of items whose assessment was never finished
SELECT toUInt64(greatest((SELECT max(assessment) FROM ops_assessment), (SELECT max(assessment) FROM ops_assessment_item)) + 1)
