-- Edits from elsewhere that wait for repair and proof.

-- name: list
-- Edits of a territory in one state (none: in any), the oldest first.
SELECT e.edit_id, e.source, e.unit_code::text, e.name, e.note, e.sent_by, e.state, e.report, e.at, e.plan_id,
       u.name AS unit_name, ST_NPoints(e.outline) AS n_vertices
  FROM inbox_edit AS e
  LEFT JOIN unit AS u ON u.code = e.unit_code
 WHERE e.unit_code >= :scope AND e.unit_code < :scope || '~'
   AND (CAST(:state AS text) IS NULL OR e.state = :state)
   AND (CAST(:edits AS uuid[]) IS NULL OR e.edit_id = ANY (CAST(:edits AS uuid[])))
 ORDER BY e.at, e.edit_id
 LIMIT :limit;

-- name: outlines
-- Outlines as they came, locked for whoever decides on them. Nothing here computes with them.
SELECT e.edit_id, ST_AsBinary(e.outline) AS outline
  FROM inbox_edit AS e
 WHERE e.edit_id = ANY (CAST(:edits AS uuid[])) AND e.state = 'waiting'
 ORDER BY e.edit_id
   FOR UPDATE;

-- name: written
-- An outline as it came, in words. Nothing here computes with it; one that is too large is none.
SELECT ST_AsGeoJSON(e.outline, 7)
  FROM inbox_edit AS e
 WHERE e.edit_id = :edit_id AND ST_NPoints(e.outline) <= :most;

-- name: decide
-- What became of an edit.
UPDATE inbox_edit
   SET state = :state, report = CAST(:report AS jsonb), plan_id = :plan_id, decided_by = :by,
       decided_at = CASE WHEN :state = 'waiting' THEN NULL ELSE now() END
 WHERE edit_id = :edit_id AND state = 'waiting';
