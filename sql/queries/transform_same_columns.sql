-- name: transform_same_columns
-- title: Whether two tables have the same columns
SELECT
    arraySort(groupArrayIf((position, name, type), database = {old:String} AND table = {old_table:String}))
        = arraySort(groupArrayIf((position, name, type), database = {new:String} AND table = {new_table:String}))
FROM system.columns
WHERE (database = {old:String} AND table = {old_table:String}) OR (database = {new:String} AND table = {new_table:String})
