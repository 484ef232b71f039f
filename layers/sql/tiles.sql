-- name: units
-- One vector tile of unit outlines and of a label point each, a layer a level, with the publication
-- that it shows: both are of one moment. Outlines were simplified together for the tile's zoom. A
-- label lies in exactly one tile, on whose western and southern edges it may stand. Followed by `in_layers`.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame,
         ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096) AS reach
), near AS MATERIALIZED (
  SELECT d.level, d.unit_code::text AS code, u.name, u.kind, d.outline, d.label, tile.frame
    FROM tile
   CROSS JOIN unnest(CAST(:levels AS text[])) AS wanted (level)
    JOIN unit_display AS d
      ON d.level = wanted.level AND d.zoom = CAST(:zoom AS smallint) AND d.outline && tile.reach
    JOIN unit AS u ON u.code = d.unit_code
   WHERE CAST(:publication AS integer) >= (SELECT max(number) FROM publication)
)

-- name: past_units
-- The same of a past publication: what was drawn then and is still, and what gave way since, under the
-- names of then; a publication from before drawings were kept is shown by the outlines themselves.
WITH tile AS (
  SELECT ST_TileEnvelope(:z, :x, :y) AS frame,
         ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096) AS reach,
         p.number, p.in_force_from AS at,
         EXISTS (SELECT FROM display_drawn AS d WHERE d.publication = p.number) AS is_drawn
    FROM publication AS p
   WHERE p.number = :publication
), wanted AS (
  SELECT tile.*, level FROM tile, unnest(CAST(:levels AS text[])) AS level
), shape AS (
  SELECT d.level, d.unit_code::text AS code, d.outline, d.label
    FROM wanted AS w
    JOIN unit_display AS d
      ON d.level = w.level AND d.zoom = CAST(:zoom AS smallint) AND d.outline && w.reach AND d.since <= w.number
   WHERE w.is_drawn
  UNION ALL
  SELECT d.level, d.unit_code::text, d.outline, d.label
    FROM wanted AS w
    JOIN unit_display_past AS d
      ON d.level = w.level AND d.zoom = CAST(:zoom AS smallint) AND d.outline && w.reach AND d.during @> w.number
   WHERE w.is_drawn
  UNION ALL
  SELECT o.level, o.unit_code::text, flat.outline, ST_PointOnSurface(flat.outline)
    FROM wanted AS w
    JOIN unit_outline AS o
      ON o.level = w.level AND o.outline && ST_Transform(w.reach, 4490) AND o.valid @> w.at
   CROSS JOIN LATERAL (SELECT ST_Transform(o.outline, 3857) AS outline) AS flat
   WHERE NOT w.is_drawn
), near AS MATERIALIZED (
  SELECT shape.level, shape.code, coalesce(n.name, u.name) AS name, u.kind, shape.outline, shape.label, tile.frame
    FROM tile
   CROSS JOIN shape
    JOIN unit AS u ON u.code = shape.code
    LEFT JOIN unit_naming AS n ON n.unit_code::text = shape.code AND n.valid @> tile.at
)

-- name: in_layers
-- What is drawn of the units that a query above finds near a tile, a layer a level: those of the territory
-- `scope` and those that it lies in. It is materialized: a filter on a shape would otherwise make it twice.
inside AS (
  SELECT * FROM near WHERE starts_with(code, :scope) OR starts_with(:scope, code)
), drawn AS MATERIALIZED (
  SELECT level, code, name, kind, ST_AsMVTGeom(outline, frame, 4096, 64, true) AS geom
    FROM inside
), placed AS MATERIALIZED (
  SELECT level, code, name, ST_AsMVTGeom(label, frame, 4096, 0, true) AS geom
    FROM inside
   WHERE ST_X(label) >= ST_XMin(frame) AND ST_X(label) < ST_XMax(frame)
     AND ST_Y(label) >= ST_YMin(frame) AND ST_Y(label) < ST_YMax(frame)
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
WITH near AS MATERIALIZED (
  SELECT tile.frame, grids_near(tile.frame, :scope) AS grids
    FROM (SELECT ST_TileEnvelope(:z, :x, :y) AS frame) AS tile
), drawn AS (
  SELECT h.household_id::text AS id, h.class,
         ST_AsMVTGeom(ST_Transform(h.position, 3857), near.frame, 4096, 16, true) AS geom
    FROM near, household AS h
   WHERE h.grid_code = ANY(near.grids)
     AND h.territory_code >= :scope AND h.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'households', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: cameras
-- Cameras of the tile inside the viewer's territory; found as households are.
WITH near AS MATERIALIZED (
  SELECT tile.frame, grids_near(tile.frame, :scope) AS grids
    FROM (SELECT ST_TileEnvelope(:z, :x, :y) AS frame) AS tile
), drawn AS (
  SELECT c.camera_id::text AS id, c.registry, c.status, c.place_class,
         ST_AsMVTGeom(ST_Transform(c.position, 3857), near.frame, 4096, 16, true) AS geom
    FROM near, camera AS c
   WHERE c.grid_code = ANY(near.grids)
     AND c.territory_code >= :scope AND c.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'cameras', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: incidents
-- Open incidents of the tile, one by one; those outside every grid, too.
WITH near AS MATERIALIZED (
  SELECT tile.frame, grids_near(tile.frame, :scope) AS grids
    FROM (SELECT ST_TileEnvelope(:z, :x, :y) AS frame) AS tile
), drawn AS (
  SELECT i.incident_id::text AS id, i.step, i.level, i.matter_code,
         ST_AsMVTGeom(ST_Transform(i.position, 3857), near.frame, 4096, 16, true) AS geom
    FROM near, incident AS i
   WHERE (i.grid_code = ANY(near.grids) OR i.grid_code IS NULL)
     AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
)
SELECT ST_AsMVT(drawn, 'incidents', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;

-- name: incident_clusters
-- Open incidents of the tile, counted in 8 x 8 fields; a count stands at the mean position.
WITH near AS MATERIALIZED (
  SELECT tile.frame, grids_near(tile.frame, :scope) AS grids
    FROM (SELECT ST_TileEnvelope(:z, :x, :y) AS frame) AS tile
), here AS (
  SELECT ST_Transform(i.position, 3857) AS at
    FROM near, incident AS i
   WHERE (i.grid_code = ANY(near.grids) OR i.grid_code IS NULL)
     AND i.step NOT IN ('closed', 'rejected', 'duplicate')
     AND i.territory_code >= :scope AND i.territory_code < :scope || '~'
), field AS (
  SELECT count(*)::integer AS n, avg(ST_X(at)) AS x, avg(ST_Y(at)) AS y
    FROM here, near
   WHERE ST_Contains(near.frame, at)
   GROUP BY floor((ST_X(at) - ST_XMin(near.frame)) / (ST_XMax(near.frame) - ST_XMin(near.frame)) * 8),
            floor((ST_Y(at) - ST_YMin(near.frame)) / (ST_YMax(near.frame) - ST_YMin(near.frame)) * 8)
), drawn AS (
  SELECT n, ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(x, y), 3857), near.frame, 4096, 16, true) AS geom
    FROM field, near
)
SELECT ST_AsMVT(drawn, 'incidents', 4096, 'geom') AS tile FROM drawn WHERE geom IS NOT NULL;
