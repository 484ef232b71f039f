-- The county as it was. The ranges of cells, outlines and names say from when to when.

-- name: in_force_at
-- The publication that was in force at a moment.
SELECT number, base, at, in_force_from, by_person, memo, plan_id, n_changed, digest
  FROM publication
 WHERE in_force_from <= :at
 ORDER BY number DESC
 LIMIT 1;

-- name: cells_at
-- The atoms at a moment.
SELECT c.cell_id, c.publication, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM cell_version AS c
 WHERE c.valid @> CAST(:at AS timestamptz)
 ORDER BY c.cell_id;

-- name: outlines_at
-- The outlines of one level at a moment.
SELECT o.unit_code, o.publication, ST_AsBinary(o.outline) AS outline, o.area_m2, o.n_households
  FROM unit_outline AS o
 WHERE o.valid @> CAST(:at AS timestamptz) AND o.level = :level
 ORDER BY o.unit_code;

-- name: names_at
-- What units were called at a moment.
SELECT n.unit_code::text AS code, n.name
  FROM unit_naming AS n
 WHERE n.unit_code = ANY (CAST(:codes AS text[])) AND n.valid @> CAST(:at AS timestamptz);

-- name: changes
-- Grids whose outlines differ between two publications (none: before the first one, and today).
WITH time AS (
  SELECT (SELECT in_force_from FROM publication WHERE number = CAST(:before AS integer)) AS before,
         coalesce((SELECT in_force_from FROM publication WHERE number = CAST(:after AS integer)), 'infinity') AS after
), pair AS (
  SELECT unit_code, old.publication AS old, new.publication AS new,
         CASE WHEN old.unit_code IS NULL THEN 'new' WHEN new.unit_code IS NULL THEN 'gone' ELSE 'reshaped' END AS change
    FROM (SELECT o.* FROM time JOIN unit_outline AS o ON o.level = 'grid' AND o.valid @> time.before) AS old
    FULL JOIN (SELECT o.* FROM time JOIN unit_outline AS o ON o.level = 'grid' AND o.valid @> time.after) AS new USING (unit_code)
   WHERE old.publication IS DISTINCT FROM new.publication
     -- A vertex that a neighbour's new border put on a line shifts it by less than a lattice step.
     AND (old.unit_code IS NULL OR new.unit_code IS NULL OR abs(old.area_m2 - new.area_m2) > 5
          OR NOT old.outline = new.outline AND ST_Area(ST_SymDifference(old.outline, new.outline)::geography) > 5)
)
SELECT side.side, pair.unit_code::text AS code, pair.change, n.name, o.area_m2, o.n_households,
       ST_AsGeoJSON(o.outline, 7) AS geometry,
       ST_XMin(o.outline) AS west, ST_YMin(o.outline) AS south, ST_XMax(o.outline) AS east, ST_YMax(o.outline) AS north
  FROM time
 CROSS JOIN pair
 CROSS JOIN LATERAL (VALUES ('before', pair.old, time.before), ('after', pair.new, time.after)) AS side (side, publication, at)
  JOIN unit_outline AS o ON o.unit_code = pair.unit_code AND o.publication = side.publication
  LEFT JOIN unit_naming AS n ON n.unit_code = pair.unit_code AND n.valid @> side.at
 ORDER BY pair.unit_code, side.side DESC;

-- name: nodes
-- Units with the time in which they are in force and the publication that they came with.
SELECT u.code::text, u.name, u.level, lower(u.valid) AS begun, upper(u.valid) AS ended,
       (SELECT min(o.publication) FROM unit_outline AS o WHERE o.unit_code = u.code) AS publication
  FROM unit AS u
 WHERE u.code = ANY (CAST(:codes AS text[]));

-- name: links
-- What went from or to these units.
SELECT l.from_code::text, l.to_code::text, l.kind, l.area_m2, l.n_households, l.publication, p.in_force_from AS at
  FROM lineage AS l
  JOIN publication AS p ON p.number = l.publication
 WHERE l.from_code = ANY (CAST(:codes AS text[])) OR l.to_code = ANY (CAST(:codes AS text[]));
