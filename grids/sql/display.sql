-- name: touched_villages
-- Villages with a cell that was opened or closed since the drawing was last brought up to date.
SELECT DISTINCT c.village_code
  FROM cell_version AS c
  JOIN publication AS p ON p.number = (SELECT max(publication) FROM display_drawn)
 WHERE c.publication > p.number OR upper(c.valid) > p.in_force_from
 ORDER BY c.village_code;

-- name: is_drawn
-- Whether there is any drawing to bring up to date.
SELECT EXISTS (SELECT FROM display_drawn);

-- name: finish
-- The drawing of a publication is complete.
INSERT INTO display_drawn (publication) VALUES (:since) ON CONFLICT DO NOTHING;

-- name: neighbours
-- Villages, and all villages near them.
SELECT DISTINCT near.unit_code::text AS code
  FROM unit_outline AS own
  JOIN unit_outline AS near ON near.level = 'village' AND upper_inf(near.valid) AND near.outline && own.outline
 WHERE own.unit_code = ANY (CAST(:villages AS text[])) AND upper_inf(own.valid)
 ORDER BY code;

-- name: drawn_zooms
-- Zooms that hold outlines of the county, as long as a small part of its villages is to be drawn anew.
SELECT DISTINCT zoom
  FROM unit_display
 WHERE level = 'county'
   AND :n_redrawn * 8 < greatest(8 + 1, (SELECT count(*) FROM unit WHERE level = 'village' AND upper_inf(valid)));

-- name: cells_all
-- Every cell in force.
SELECT c.village_code, c.grid_code, c.subgroup_code, ST_AsBinary(c.outline) AS outline
  FROM cell_version AS c
 WHERE upper_inf(c.valid)
 ORDER BY c.cell_id;

-- name: cells_around
-- The cells of villages and all cells that touch them.
WITH own AS MATERIALIZED (
  SELECT c.cell_id, c.outline
    FROM cell_version AS c
   WHERE upper_inf(c.valid) AND c.village_code = ANY (CAST(:villages AS text[]))
), wanted AS (
  SELECT own.cell_id FROM own
  UNION
  SELECT near.cell_id
    FROM own
    JOIN cell_version AS near ON upper_inf(near.valid) AND near.outline && own.outline
   WHERE near.village_code <> ALL (CAST(:villages AS text[])) AND ST_Intersects(own.outline, near.outline)
)
SELECT c.village_code, c.grid_code, c.subgroup_code, ST_AsBinary(c.outline) AS outline
  FROM wanted
  JOIN cell_version AS c ON c.cell_id = wanted.cell_id AND upper_inf(c.valid)
 ORDER BY c.cell_id;

-- name: grids_all
-- Every grid in force, and the free land. The order is always that of the codes: where two borders
-- hinder each other, the one that is simplified first wins.
SELECT left(o.unit_code, 12) AS village_code, o.unit_code AS grid_code, NULL AS subgroup_code,
       ST_AsBinary(o.outline) AS outline, 0 AS cell_id
  FROM unit_outline AS o
 WHERE o.level = 'grid' AND upper_inf(o.valid)
UNION ALL
SELECT c.village_code, NULL, NULL, ST_AsBinary(c.outline), c.cell_id
  FROM cell_version AS c
 WHERE upper_inf(c.valid) AND c.grid_code IS NULL
 ORDER BY grid_code, cell_id;

-- name: grids_around
-- The grids and the free land of villages and of all villages near them.
WITH wanted AS MATERIALIZED (
  SELECT DISTINCT near.unit_code AS code
    FROM unit_outline AS own
    JOIN unit_outline AS near ON near.level = 'village' AND upper_inf(near.valid) AND near.outline && own.outline
   WHERE own.unit_code = ANY (CAST(:villages AS text[])) AND upper_inf(own.valid)
)
SELECT wanted.code AS village_code, o.unit_code AS grid_code, NULL AS subgroup_code,
       ST_AsBinary(o.outline) AS outline, 0 AS cell_id
  FROM wanted
  JOIN unit_outline AS o ON o.level = 'grid' AND upper_inf(o.valid)
   AND o.unit_code >= wanted.code AND o.unit_code < wanted.code || '~'
UNION ALL
SELECT c.village_code, NULL, NULL, ST_AsBinary(c.outline), c.cell_id
  FROM wanted
  JOIN cell_version AS c ON c.village_code = wanted.code AND c.grid_code IS NULL AND upper_inf(c.valid)
 ORDER BY grid_code, cell_id;

-- name: drawn
-- Drawn outlines of some levels at a zoom, of the units inside these: which they are and a sum of each.
SELECT d.level, d.unit_code::text AS code, md5(ST_AsEWKB(d.outline, 'NDR')) AS digest
  FROM unit_display AS d
 WHERE d.zoom = :zoom AND d.level = ANY (CAST(:levels AS text[]))
   AND EXISTS (SELECT FROM unnest(CAST(:under AS text[])) AS w (code) WHERE starts_with(d.unit_code, w.code));

-- name: erase
-- Drawn outlines that give way.
DELETE FROM unit_display AS d
 USING unnest(CAST(:levels AS text[]), CAST(:codes AS text[])) AS gone (level, code)
 WHERE d.zoom = :zoom AND d.level = gone.level AND d.unit_code = gone.code;

-- name: stored
-- Drawn outlines of a level: of these units, or of all inside them.
SELECT d.unit_code::text, ST_AsBinary(d.outline) AS outline
  FROM unit_display AS d
 WHERE d.zoom = :zoom AND d.level = :level
   AND CASE WHEN CAST(:prefix AS boolean)
         THEN EXISTS (SELECT FROM unnest(CAST(:codes AS text[])) AS w (code) WHERE starts_with(d.unit_code, w.code))
         ELSE d.unit_code = ANY (CAST(:codes AS text[])) END
 ORDER BY d.unit_code;

-- name: erase_exact
-- Drawn outlines of villages and everything inside them that are no longer those in force.
DELETE FROM unit_display AS d
 USING unnest(CAST(:villages AS text[])) AS v (code)
 WHERE d.zoom = :zoom AND d.level IN ('village', 'grid', 'subgroup')
   AND d.unit_code >= v.code AND d.unit_code < v.code || '~'
   AND NOT EXISTS (SELECT FROM unit_outline AS o
                    WHERE o.unit_code = d.unit_code AND upper_inf(o.valid)
                      AND ST_Transform(o.outline, 3857) = d.outline);

-- name: draw_exact
-- The outlines in force of villages and everything inside them, as they are, in web Mercator.
INSERT INTO unit_display (level, zoom, unit_code, outline, since)
SELECT o.level, :zoom, o.unit_code, ST_Transform(o.outline, 3857), :since
  FROM unnest(CAST(:villages AS text[])) AS v (code)
  JOIN unit_outline AS o ON o.unit_code >= v.code AND o.unit_code < v.code || '~' AND upper_inf(o.valid)
   AND o.level IN ('village', 'grid', 'subgroup')
    ON CONFLICT (level, zoom, unit_code) DO NOTHING;

-- name: draw_exact_above
-- The same for townships and the county.
INSERT INTO unit_display AS d (level, zoom, unit_code, outline, since)
SELECT o.level, :zoom, o.unit_code, ST_Transform(o.outline, 3857), :since
  FROM unit_outline AS o
 WHERE o.level IN ('township', 'county') AND upper_inf(o.valid)
    ON CONFLICT (level, zoom, unit_code) DO UPDATE SET outline = excluded.outline, since = excluded.since
 WHERE NOT d.outline = excluded.outline;
