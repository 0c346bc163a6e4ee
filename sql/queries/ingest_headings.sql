-- title: Headings of a batch, and the field of the contract that each names
SELECT
    argMax(b.headings, length(b.headings)),
    arrayMap(f -> f::String, argMax(b.heading_fields, length(b.headings)))
FROM ops_batch AS b
WHERE b.batch = {batch:UInt64}
