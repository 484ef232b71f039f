-- name: moves
-- Who gets another home by a plan, counted; the function is the one that publishing obeys.
SELECT m.kind, m.from_grid, m.from_subgroup, m.to_grid, m.to_subgroup, count(*) AS n
  FROM plan_moves(:plan_id) AS m
 GROUP BY m.kind, m.from_grid, m.from_subgroup, m.to_grid, m.to_subgroup;

-- name: touched_grids
-- The grids that a plan changes: present households, whether they stay, and whether somebody answers.
WITH code AS (
  SELECT p.grid_code AS code FROM plan_cell AS p WHERE p.plan_id = :plan_id AND NOT p.gone AND p.grid_code IS NOT NULL
  UNION
  SELECT c.grid_code
    FROM plan_cell AS p
    JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
   WHERE p.plan_id = :plan_id AND c.grid_code IS NOT NULL
)
SELECT code.code::text, coalesce(unit.name, made.name) AS name, coalesce(o.n_households, 0) AS n_households,
       EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND NOT p.gone AND p.grid_code = code.code)
       OR EXISTS (SELECT FROM cell_version AS c
                   WHERE upper_inf(c.valid) AND c.grid_code = code.code
                     AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)) AS stays,
       EXISTS (SELECT FROM duty AS d
                 JOIN person ON person.person_id = d.person_id AND person.active
                WHERE d.unit_code = code.code AND d.rank = 'primary' AND d.valid @> local_day(now())) AS has_primary
  FROM code
  LEFT JOIN unit ON unit.code = code.code
  LEFT JOIN plan_unit AS made ON made.code = code.code
  LEFT JOIN unit_outline AS o ON o.unit_code = code.code AND upper_inf(o.valid)
 ORDER BY code.code;

-- name: duties
-- Who is on duty today for these units.
SELECT d.person_id, person.name, d.rank, d.unit_code::text
  FROM duty AS d
  JOIN person ON person.person_id = d.person_id AND person.active
 WHERE d.unit_code = ANY (CAST(:codes AS text[])) AND d.valid @> local_day(now())
 ORDER BY d.unit_code, d.rank, person.name;

-- name: stale_bases
-- Cells of a plan that another publication has changed since they were taken.
SELECT p.cell_id, p.base_publication AS yours, c.publication AS now,
       coalesce(c.grid_code, p.grid_code, p.village_code)::text AS unit_code,
       ST_X(spot.at) AS lon, ST_Y(spot.at) AS lat,
       ST_XMin(p.outline) AS west, ST_YMin(p.outline) AS south, ST_XMax(p.outline) AS east, ST_YMax(p.outline) AS north
  FROM plan_cell AS p
  LEFT JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
 CROSS JOIN LATERAL (SELECT ST_PointOnSurface(p.outline) AS at) AS spot
 WHERE p.plan_id = :plan_id AND p.base_publication IS DISTINCT FROM c.publication
 ORDER BY p.cell_id;

-- name: patch
-- Both sides of a plan: the versions in force of the cells it touches, and what it makes of them.
SELECT 'old' AS side, c.cell_id, c.village_code, c.grid_code, c.subgroup_code, ST_AsBinary(c.outline) AS outline
  FROM plan_cell AS p
  JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
 WHERE p.plan_id = :plan_id
UNION ALL
SELECT 'new', p.cell_id, p.village_code, p.grid_code, p.subgroup_code, ST_AsBinary(p.outline)
  FROM plan_cell AS p
 WHERE p.plan_id = :plan_id AND NOT p.gone;

-- name: signed_parts
-- Pieces of land that steps of the plan signed for.
SELECT DISTINCT ON (s.params->>'unit') s.params->>'unit' AS code, CAST(s.params->>'n_parts' AS integer) AS n_parts
  FROM plan_step AS s
 WHERE s.plan_id = :plan_id AND s.tool = 'sign' AND s.undone_at IS NULL
 ORDER BY s.params->>'unit', s.seq DESC;

-- name: rehome_households
-- Households by position whose home is not the lowest that covers them; outside of all they wait.
UPDATE household AS h
   SET grid_code = found.grid_code, subgroup_code = found.subgroup_code, publication = :publication, updated_at = now(),
       placed_by = CASE WHEN found.grid_code IS NULL THEN 'unplaced' ELSE 'position' END,
       territory_code = coalesce(found.subgroup_code, found.grid_code, found.village_code, left(h.territory_code, 12))
  FROM (SELECT self.household_id, home.village_code, home.grid_code, home.subgroup_code
          FROM household AS self
          LEFT JOIN LATERAL (
               SELECT c.village_code, c.grid_code, c.subgroup_code
                 FROM cell_version AS c
                WHERE upper_inf(c.valid) AND ST_Covers(c.outline, self.position)
                ORDER BY c.grid_code, c.subgroup_code NULLS LAST
                LIMIT 1) AS home ON true
         WHERE self.position IS NOT NULL AND self.placed_by IN ('position', 'unplaced')) AS found
 WHERE h.household_id = found.household_id
   AND (h.grid_code, h.subgroup_code) IS DISTINCT FROM (found.grid_code, found.subgroup_code);

-- name: rehome_cameras
-- Cameras whose grid is not the lowest that covers them.
UPDATE camera AS k
   SET grid_code = found.grid_code, subgroup_code = found.subgroup_code, publication = :publication, updated_at = now(),
       territory_code = coalesce(found.subgroup_code, found.grid_code, found.village_code, left(k.territory_code, 12))
  FROM (SELECT self.camera_id, home.village_code, home.grid_code, home.subgroup_code
          FROM camera AS self
          LEFT JOIN LATERAL (
               SELECT c.village_code, c.grid_code, c.subgroup_code
                 FROM cell_version AS c
                WHERE upper_inf(c.valid) AND ST_Covers(c.outline, self.position)
                ORDER BY c.grid_code, c.subgroup_code NULLS LAST
                LIMIT 1) AS home ON true
         WHERE self.position IS NOT NULL) AS found
 WHERE k.camera_id = found.camera_id
   AND (k.grid_code, k.subgroup_code) IS DISTINCT FROM (found.grid_code, found.subgroup_code);

-- name: rehome_incidents
-- Incidents that nobody has accepted yet whose grid is not the lowest that covers them; a person looks at them.
UPDATE incident AS i
   SET grid_code = found.grid_code, subgroup_code = found.subgroup_code, publication = :publication,
       territory_code = coalesce(found.subgroup_code, found.grid_code, found.village_code, left(i.territory_code, 12)),
       placement = CASE WHEN found.grid_code IS NULL THEN 'outside' ELSE 'inside' END,
       border_m = NULL, rivals = '[]', review = true, version = i.version + 1
  FROM (SELECT self.incident_id, self.reported_at, home.village_code, home.grid_code, home.subgroup_code
          FROM incident AS self
          LEFT JOIN LATERAL (
               SELECT c.village_code, c.grid_code, c.subgroup_code
                 FROM cell_version AS c
                WHERE upper_inf(c.valid) AND ST_Covers(c.outline, self.position)
                ORDER BY c.grid_code, c.subgroup_code NULLS LAST
                LIMIT 1) AS home ON true
         WHERE self.position IS NOT NULL AND self.placement <> 'hand' AND self.step = 'reported') AS found
 WHERE i.incident_id = found.incident_id AND i.reported_at = found.reported_at
   AND (i.grid_code, i.subgroup_code) IS DISTINCT FROM (found.grid_code, found.subgroup_code);

-- name: recount
-- Households beside the outlines of every unit in force.
SELECT recount_households(array_agg(o.unit_code::text)) FROM unit_outline AS o WHERE upper_inf(o.valid);
