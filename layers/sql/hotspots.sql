-- name: grids
-- The grids in force of a territory as a map names them, with the households they have today.
SELECT o.unit_code, u.name, o.n_households
  FROM unit_outline AS o
  JOIN unit AS u ON u.code = o.unit_code
 WHERE upper_inf(o.valid)
   AND o.level = 'grid'
   AND o.unit_code >= :low
   AND o.unit_code < :high;

-- name: redrawn
-- Grids that gained, lost, followed or came from others on a day or later. The founding of a coverage
-- from a file changes no border: reports of former days were placed by what it drew.
SELECT DISTINCT grid.code
  FROM publication AS p
  JOIN lineage AS l ON l.publication = p.number
  LEFT JOIN plan ON plan.plan_id = p.plan_id
 CROSS JOIN LATERAL (VALUES (l.from_code), (l.to_code)) AS grid (code)
 WHERE local_day(p.in_force_from) >= :since
   AND NOT (l.kind = 'create' AND coalesce(plan.source IN ('import', 'command'), false))
   AND length(grid.code) = 15
   AND grid.code >= :low
   AND grid.code < :high;

-- name: last_households
-- The households that grids had when they were last in force.
SELECT DISTINCT ON (o.unit_code) o.unit_code, o.n_households
  FROM unit_outline AS o
 WHERE o.unit_code = ANY(:codes)
 ORDER BY o.unit_code, o.publication DESC;

-- name: name_of
-- What a unit is called.
SELECT name FROM unit WHERE code = :code;

-- name: places
-- Where and on which day of a window incidents with a position happened.
SELECT ST_X(i.position) AS lon, ST_Y(i.position) AS lat,
       local_day(i.occurred_at) - CAST(:since AS date) AS day
  FROM incident AS i
 WHERE local_day(i.occurred_at) BETWEEN :since AND :until
   AND i.position IS NOT NULL AND i.step NOT IN ('rejected', 'duplicate')
   AND i.territory_code >= :low AND i.territory_code < :high
   AND (CAST(:matter AS text) IS NULL OR i.matter_code = :matter)
 ORDER BY i.occurred_at, i.incident_id;
