-- name: units
-- One vector tile of unit outlines: a layer a level, from outlines simplified together for its zoom.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame,
         ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096) AS reach
), drawn AS (
  SELECT d.level, d.unit_code AS code, u.name, u.kind,
         ST_AsMVTGeom(d.outline, tile.frame, 4096, 64, true) AS geom
    FROM tile
    JOIN unit_display AS d
      ON d.zoom = :zoom AND d.level = ANY(:levels) AND d.outline && tile.reach
    JOIN unit AS u ON u.code = d.unit_code
)
SELECT level, ST_AsMVT(drawn, level, 4096, 'geom') AS tile
  FROM drawn
 WHERE geom IS NOT NULL
 GROUP BY level;

-- name: labels
-- One point a unit, inside it, so that a name is drawn once and not once a tile.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), placed AS (
  SELECT d.level, d.unit_code AS code, u.name,
         ST_AsMVTGeom(ST_PointOnSurface(d.outline), tile.frame, 4096, 0, true) AS geom
    FROM tile
    JOIN unit_display AS d
      ON d.zoom = :zoom AND d.level = ANY(:levels) AND d.outline && tile.frame
    JOIN unit AS u ON u.code = d.unit_code
)
SELECT level || '_label' AS level, ST_AsMVT(placed, level || '_label', 4096, 'geom') AS tile
  FROM placed
 WHERE geom IS NOT NULL
 GROUP BY level;

-- name: households
-- Households of the tile inside the viewer's territory. The grids that the tile touches are found
-- first: under row-level security `&&` may not use the spatial index of the walled table, equality may.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), near AS (
  SELECT array_agg(o.unit_code::text) AS grids
    FROM tile
    JOIN unit_outline AS o
      ON o.level = 'grid' AND upper_inf(o.valid)
     AND o.outline && ST_Transform(tile.frame, 4490)
     AND o.unit_code >= :scope AND o.unit_code < :scope || '~'
), drawn AS (
  SELECT h.household_id::text AS id, h.class,
         ST_AsMVTGeom(ST_Transform(h.position, 3857), tile.frame, 4096, 16, true) AS geom
    FROM tile, near, household AS h
   WHERE h.grid_code = ANY(near.grids)
     AND h.territory_code >= :scope AND h.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'households', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: cameras
-- Cameras of the tile inside the viewer's territory; found as households are.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), near AS (
  SELECT array_agg(o.unit_code::text) AS grids
    FROM tile
    JOIN unit_outline AS o
      ON o.level = 'grid' AND upper_inf(o.valid)
     AND o.outline && ST_Transform(tile.frame, 4490)
     AND o.unit_code >= :scope AND o.unit_code < :scope || '~'
), drawn AS (
  SELECT c.camera_id::text AS id, c.registry, c.status, c.place_class,
         ST_AsMVTGeom(ST_Transform(c.position, 3857), tile.frame, 4096, 16, true) AS geom
    FROM tile, near, camera AS c
   WHERE c.grid_code = ANY(near.grids)
     AND c.territory_code >= :scope AND c.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'cameras', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: incidents
-- Open incidents of the tile, one by one.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), near AS (
  SELECT array_agg(o.unit_code::text) AS grids
    FROM tile
    JOIN unit_outline AS o
      ON o.level = 'grid' AND upper_inf(o.valid)
     AND o.outline && ST_Transform(tile.frame, 4490)
     AND o.unit_code >= :scope AND o.unit_code < :scope || '~'
), drawn AS (
  SELECT i.incident_id::text AS id, i.step, i.level, i.matter_code,
         ST_AsMVTGeom(ST_Transform(i.position, 3857), tile.frame, 4096, 16, true) AS geom
    FROM tile, near, incident AS i
   WHERE i.grid_code = ANY(near.grids)
     AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'incidents', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: incident_clusters
-- Open incidents of the tile, counted in 16 x 16 fields; a count stands at the mean position.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), near AS (
  SELECT array_agg(o.unit_code::text) AS grids
    FROM tile
    JOIN unit_outline AS o
      ON o.level = 'grid' AND upper_inf(o.valid)
     AND o.outline && ST_Transform(tile.frame, 4490)
     AND o.unit_code >= :scope AND o.unit_code < :scope || '~'
), here AS (
  SELECT ST_Transform(i.position, 3857) AS at
    FROM near, incident AS i
   WHERE i.grid_code = ANY(near.grids)
     AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
), field AS (
  SELECT count(*)::integer AS n, avg(ST_X(at)) AS x, avg(ST_Y(at)) AS y
    FROM here, tile
   WHERE ST_Contains(tile.frame, at)
   GROUP BY floor((ST_X(at) - ST_XMin(tile.frame)) / (ST_XMax(tile.frame) - ST_XMin(tile.frame)) * 16),
            floor((ST_Y(at) - ST_YMin(tile.frame)) / (ST_YMax(tile.frame) - ST_YMin(tile.frame)) * 16)
), drawn AS (
  SELECT n, ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(x, y), 3857), tile.frame, 4096, 16, true) AS geom
    FROM field, tile
)
SELECT ST_AsMVT(drawn, 'incidents', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;
