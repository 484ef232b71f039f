-- name: mine
-- Everything that a plan holds.
SELECT p.cell_id, p.base_publication, p.gone, p.village_code, p.grid_code, p.subgroup_code,
       ST_AsBinary(p.outline) AS outline, p.area_m2
  FROM plan_cell AS p
 WHERE p.plan_id = :plan_id
 ORDER BY p.cell_id;

-- name: bases
-- The versions that a plan took its cells from.
SELECT c.cell_id, c.publication AS base_publication, false AS gone, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM plan_cell AS p
  JOIN cell_version AS c ON c.cell_id = p.cell_id AND c.publication = p.base_publication
 WHERE p.plan_id = :plan_id;

-- name: is_stale
-- Whether a plan bears on cells that another publication changed, or on units that ended.
SELECT EXISTS (SELECT FROM plan_cell AS p
                 LEFT JOIN cell_version AS c ON c.cell_id = p.cell_id AND upper_inf(c.valid)
                WHERE p.plan_id = :plan_id AND p.base_publication IS DISTINCT FROM c.publication)
    OR EXISTS (SELECT FROM plan_cell AS p
                 JOIN unit AS u ON u.code IN (p.grid_code, p.subgroup_code) AND NOT upper_inf(u.valid)
                WHERE p.plan_id = :plan_id AND NOT p.gone);

-- name: last_common
-- The last publication before any of these versions (cell, publication) was replaced.
SELECT min(replaced.number) - 1 AS number
  FROM unnest(CAST(:cells AS bigint[]), CAST(:bases AS integer[])) AS v (cell_id, base)
  JOIN cell_version AS c ON c.cell_id = v.cell_id AND c.publication = v.base
  JOIN publication AS replaced ON replaced.at = upper(c.valid);

-- name: changed_since
-- Cells that publications after one opened, changed or closed, inside a territory.
SELECT c.cell_id
  FROM cell_version AS c
 WHERE c.publication > :number AND c.village_code >= :low AND c.village_code < :high
UNION
SELECT c.cell_id
  FROM cell
  JOIN cell_version AS c ON c.cell_id = cell.cell_id
 WHERE cell.retired_in > :number AND c.village_code >= :low AND c.village_code < :high;

-- name: as_of
-- The versions of these cells that were in force under a publication.
SELECT c.cell_id, c.publication AS base_publication, false AS gone, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM publication AS p
  JOIN cell_version AS c ON c.valid @> p.at AND c.cell_id = ANY (:cells)
 WHERE p.number = :number;

-- name: all_as_of
-- Everything that was in force under a publication in an area.
SELECT c.cell_id, c.publication AS base_publication, false AS gone, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM publication AS p
  JOIN cell_version AS c ON c.valid @> p.at
 WHERE p.number = :number
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) >= :low
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) < :high;

-- name: ended_units
-- Which of these units are no longer in force.
SELECT u.code::text FROM unit AS u WHERE u.code = ANY (CAST(:codes AS text[])) AND NOT upper_inf(u.valid);

-- name: who_changed
-- The publication that last opened, changed or closed each of these cells.
SELECT c.cell_id, p.number, p.at, p.memo, person.name AS person
  FROM (SELECT v.cell_id, greatest(max(v.publication), max(cell.retired_in)) AS number
          FROM cell_version AS v
          JOIN cell ON cell.cell_id = v.cell_id
         WHERE v.cell_id = ANY (:cells)
         GROUP BY v.cell_id) AS c
  JOIN publication AS p ON p.number = c.number
  LEFT JOIN person ON person.person_id = p.by_person;

-- name: who_ended
-- The publication under which each of these units ended.
SELECT u.code::text AS code, p.number, p.at, p.memo, person.name AS person
  FROM unit AS u
  JOIN publication AS p ON p.at = upper(u.valid)
  LEFT JOIN person ON person.person_id = p.by_person
 WHERE u.code = ANY (CAST(:codes AS text[]));
