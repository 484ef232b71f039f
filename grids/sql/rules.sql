-- name: rules
-- Every limit that boundaries are checked against.
SELECT r.rule_id, r.territory_code::text, r.kind, r.subject, r.least, r.most, r.severity, r.updated_at, person.name AS updated_by
  FROM boundary_rule AS r
  LEFT JOIN person ON person.person_id = r.updated_by
 ORDER BY r.territory_code NULLS FIRST, r.kind, r.subject;

-- name: drop_rules
-- Forget the limits of one area, or those that count everywhere.
DELETE FROM boundary_rule WHERE territory_code IS NOT DISTINCT FROM CAST(:territory AS text);

-- name: put_rule
-- Set one limit.
INSERT INTO boundary_rule (territory_code, kind, subject, least, most, severity, updated_by)
VALUES (:territory, :kind, :subject, :least, :most, :severity, :by);

-- name: lock_rules
-- Whoever changes limits waits for the other who does.
SELECT pg_advisory_xact_lock(7206);

-- name: is_unit
-- Whether an area is in force.
SELECT EXISTS (SELECT FROM unit AS u WHERE u.code = :code AND upper_inf(u.valid));
