-- name: units
-- One vector tile of unit outlines and of a label point each, a layer a level, with the publication
-- that it shows: both are of one moment. Outlines were simplified together for the tile's zoom. A
-- label lies in exactly one tile, on whose western and southern edges it may stand.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame,
         ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096) AS reach
), near AS MATERIALIZED (
  SELECT d.level, d.unit_code::text AS code, u.name, u.kind, d.outline, tile.frame
    FROM tile
   CROSS JOIN unnest(CAST(:levels AS text[])) AS wanted (level)
    JOIN unit_display AS d
      ON d.level = wanted.level AND d.zoom = CAST(:zoom AS smallint) AND d.outline && tile.reach
    JOIN unit AS u ON u.code = d.unit_code
), drawn AS (
  SELECT level, code, name, kind, ST_AsMVTGeom(outline, frame, 4096, 64, true) AS geom
    FROM near
), placed AS (
  SELECT near.level, near.code, near.name,
         ST_AsMVTGeom(label.at, near.frame, 4096, 0, true) AS geom
    FROM near
   CROSS JOIN LATERAL (SELECT ST_PointOnSurface(near.outline) AS at) AS label
   WHERE ST_X(label.at) >= ST_XMin(near.frame) AND ST_X(label.at) < ST_XMax(near.frame)
     AND ST_Y(label.at) >= ST_YMin(near.frame) AND ST_Y(label.at) < ST_YMax(near.frame)
), layer AS (
  SELECT level AS name, ST_AsMVT(drawn, level, 4096, 'geom' ORDER BY code) AS tile
    FROM drawn
   WHERE geom IS NOT NULL
   GROUP BY level
  UNION ALL
  SELECT level || '_label', ST_AsMVT(placed, level || '_label', 4096, 'geom' ORDER BY code)
    FROM placed
   WHERE geom IS NOT NULL
   GROUP BY level
)
SELECT (SELECT max(number) FROM publication) AS publication,
       (SELECT string_agg(tile, ''::bytea ORDER BY name) FROM layer) AS tile;

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
     AND o.unit_code >= left(:scope, 15) AND o.unit_code < :scope || '~'
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
     AND o.unit_code >= left(:scope, 15) AND o.unit_code < :scope || '~'
), drawn AS (
  SELECT c.camera_id::text AS id, c.registry, c.status, c.place_class,
         ST_AsMVTGeom(ST_Transform(c.position, 3857), tile.frame, 4096, 16, true) AS geom
    FROM tile, near, camera AS c
   WHERE c.grid_code = ANY(near.grids)
     AND c.territory_code >= :scope AND c.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'cameras', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: incidents
-- Open incidents of the tile, one by one; those outside every grid, too.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), near AS (
  SELECT array_agg(o.unit_code::text) AS grids
    FROM tile
    JOIN unit_outline AS o
      ON o.level = 'grid' AND upper_inf(o.valid)
     AND o.outline && ST_Transform(tile.frame, 4490)
     AND o.unit_code >= left(:scope, 15) AND o.unit_code < :scope || '~'
), drawn AS (
  SELECT i.incident_id::text AS id, i.step, i.level, i.matter_code,
         ST_AsMVTGeom(ST_Transform(i.position, 3857), tile.frame, 4096, 16, true) AS geom
    FROM tile, near, incident AS i
   WHERE (i.grid_code = ANY(near.grids) OR i.grid_code IS NULL)
     AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'incidents', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: incident_clusters
-- Open incidents of the tile, counted in 8 x 8 fields; a count stands at the mean position.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame
), near AS (
  SELECT array_agg(o.unit_code::text) AS grids
    FROM tile
    JOIN unit_outline AS o
      ON o.level = 'grid' AND upper_inf(o.valid)
     AND o.outline && ST_Transform(tile.frame, 4490)
     AND o.unit_code >= left(:scope, 15) AND o.unit_code < :scope || '~'
), here AS (
  SELECT ST_Transform(i.position, 3857) AS at
    FROM near, incident AS i
   WHERE (i.grid_code = ANY(near.grids) OR i.grid_code IS NULL)
     AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
), field AS (
  SELECT count(*)::integer AS n, avg(ST_X(at)) AS x, avg(ST_Y(at)) AS y
    FROM here, tile
   WHERE ST_Contains(tile.frame, at)
   GROUP BY floor((ST_X(at) - ST_XMin(tile.frame)) / (ST_XMax(tile.frame) - ST_XMin(tile.frame)) * 8),
            floor((ST_Y(at) - ST_YMin(tile.frame)) / (ST_YMax(tile.frame) - ST_YMin(tile.frame)) * 8)
), drawn AS (
  SELECT n, ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(x, y), 3857), tile.frame, 4096, 16, true) AS geom
    FROM field, tile
)
SELECT ST_AsMVT(drawn, 'incidents', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;
