-- name: stg_alias
-- title: 名称的人工认定 | Decisions on names
-- grain: one row per name that somebody has decided on, as the decisions stood at the instant as_of; one more for each batch of a sender with a decision of his own
-- order: name
-- name is kind::name for everybody and kind:batch:name for one batch. An empty code says that the name has none
-- and need not be asked about: it is right and on no list, or says nothing; an employer or institution keeps its key.
WITH decided AS
(
    SELECT kind, sender, name, argMax(ops_alias.action, ops_alias.id) AS action, argMax(ops_alias.code, ops_alias.id) AS code
    FROM ops_alias
    WHERE at <= {as_of:DateTime64(3, 'UTC')}
    GROUP BY kind, sender, name
    HAVING action != 'undo'
)
SELECT concat(kind::String, '::', decided.name) AS name, if(kind IN ('employer', 'institution') AND code = '', decided.name, code) AS code
FROM decided
WHERE sender = ''
UNION ALL
SELECT concat(kind::String, ':', toString(batch), ':', decided.name), if(kind IN ('employer', 'institution') AND code = '', decided.name, code)
FROM decided
INNER JOIN stg_batch ON stg_batch.sender = decided.sender
WHERE decided.sender != ''
