-- name: current
-- The publication in force: the last of the line.
SELECT number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest
  FROM publication
 ORDER BY number DESC
 LIMIT 1;

-- name: list_all
-- The line of publications, the newest first.
SELECT number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest
  FROM publication
 ORDER BY number DESC
 LIMIT :limit;

-- name: cells_in_force
-- The atoms of a territory; the finest code that a cell bears decides whether it lies in it.
SELECT c.cell_id, c.publication, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM cell_version AS c
 WHERE upper_inf(c.valid)
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) >= :low
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) < :high
 ORDER BY c.cell_id;

-- name: outlines_in_force
-- The outlines of one level in a territory.
SELECT o.unit_code, o.publication, ST_AsBinary(o.outline) AS outline, o.area_m2, o.n_households
  FROM unit_outline AS o
 WHERE upper_inf(o.valid)
   AND o.level = :level
   AND o.unit_code >= :low
   AND o.unit_code < :high
 ORDER BY o.unit_code;

-- name: counts_by_level
-- How many units of each level are in force in a territory.
SELECT u.level, count(*) AS n
  FROM unit AS u
 WHERE upper_inf(u.valid)
   AND u.code >= :low
   AND u.code < :high
 GROUP BY u.level;
