-- name: rules
-- Every limit that boundaries are checked against.
SELECT r.rule_id, r.territory_code::text, r.kind, r.subject, r.least, r.most, r.severity, r.updated_at, person.name AS updated_by,
       area.name AS territory_name
  FROM boundary_rule AS r
  LEFT JOIN unit AS area ON area.code = r.territory_code
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

-- name: outside
-- Of the units in force that limits of an area would count for, how many there are and how many lie
-- outside. What a smaller area has a limit of its own for is not asked.
WITH wish AS MATERIALIZED (
  SELECT w.kind, w.subject, w.least, w.most
    FROM jsonb_to_recordset(CAST(:rules AS jsonb))
      AS w (kind text, subject text, least double precision, most double precision)
   WHERE w.subject IN ('households', 'area', 'parts', 'primary', 'names')
), closer AS MATERIALIZED (
  SELECT r.kind, r.subject, r.territory_code::text AS area
    FROM boundary_rule AS r
   WHERE length(r.territory_code) > length(CAST(:area AS text))
), here AS MATERIALIZED (
  SELECT u.code::text, u.parent_code, u.name, u.level, o.area_m2, o.n_households, o.outline,
         CASE u.level WHEN 'subgroup' THEN 'subgroup' ELSE u.kind END AS kind
    FROM unit AS u
    JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
   WHERE u.level IN ('grid', 'subgroup') AND upper_inf(u.valid)
     AND u.code >= CAST(:low AS text) AND u.code < CAST(:high AS text)
)
SELECT w.kind, w.subject, count(*) AS n_units,
       count(*) FILTER (WHERE CASE
         WHEN w.subject = 'primary' THEN NOT EXISTS (
           SELECT FROM duty AS d
             JOIN person AS p ON p.person_id = d.person_id AND p.active
            WHERE d.unit_code = h.code AND d.rank = 'primary'
              AND d.valid @> local_day(CAST(:at AS timestamptz)))
         WHEN w.subject = 'names' THEN EXISTS (
           SELECT FROM unit AS other
            WHERE other.parent_code = h.parent_code AND other.name = h.name
              AND other.code <> h.code AND upper_inf(other.valid))
         ELSE measured.n < w.least OR measured.n > w.most END) AS n_outside
  FROM wish AS w
  JOIN here AS h ON h.kind = w.kind
 CROSS JOIN LATERAL (
   SELECT CASE w.subject
            WHEN 'households' THEN h.n_households
            WHEN 'area' THEN h.area_m2
            WHEN 'parts' THEN ST_NumGeometries(h.outline)
          END AS n) AS measured
 WHERE NOT EXISTS (SELECT FROM closer AS c
                    WHERE c.kind = w.kind AND c.subject = w.subject AND starts_with(h.code, c.area))
 GROUP BY w.kind, w.subject
 ORDER BY w.kind, w.subject;
