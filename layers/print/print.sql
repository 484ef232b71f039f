-- What maps on paper show, as it was in force at a moment. Borders are no secret inside the county, so
-- neighbours beyond a territory are drawn too; nothing here is of a person.

-- name: edition
-- A publication (none: the one in force), and whether the county of this database is the invented one.
SELECT p.number, p.in_force_from, p.number = (SELECT max(number) FROM publication) AS latest,
       EXISTS (SELECT FROM import_batch WHERE kind = 'demo') AS invented
  FROM publication AS p
 WHERE p.number = coalesce(CAST(:number AS integer), (SELECT max(number) FROM publication));

-- name: units
-- The units of a code range and those above it, with their size; outlines for the levels asked for.
SELECT u.code, u.level, u.name, o.area_m2, o.n_households,
       CASE WHEN o.level = ANY (CAST(:drawn AS text[])) THEN ST_AsBinary(o.outline) END AS outline
  FROM unit_outline AS o
  JOIN unit AS u ON u.code = o.unit_code
 WHERE o.valid @> CAST(:at AS timestamptz)
   AND ((o.unit_code >= :low AND o.unit_code < :low || '~') OR o.unit_code = ANY (CAST(:above AS text[])))
 ORDER BY u.code;

-- name: cells
-- The cells of a unit; a grid's own code decides, so that free land belongs to its village.
SELECT c.village_code, c.grid_code, c.subgroup_code, ST_AsBinary(c.outline) AS outline
  FROM cell_version AS c
 WHERE c.valid @> CAST(:at AS timestamptz)
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) >= :low
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) < :low || '~'
 ORDER BY c.village_code, c.grid_code, c.subgroup_code, c.cell_id;

-- name: around
-- The units of a level inside a frame, but for those of a code range.
SELECT u.code, u.level, u.name, o.area_m2, o.n_households, ST_AsBinary(o.outline) AS outline
  FROM unit_outline AS o
  JOIN unit AS u ON u.code = o.unit_code
 WHERE o.valid @> CAST(:at AS timestamptz) AND o.level = :level
   AND o.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490)
   AND NOT (o.unit_code >= :low AND o.unit_code < :low || '~')
 ORDER BY u.code;
