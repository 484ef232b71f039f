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
       ST_X(spot.at) AS lon, ST_Y(spot.at) AS lat
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
