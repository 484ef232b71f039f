-- name: units
-- The units in force of a level and territory as a map names them, with the households of today.
SELECT o.unit_code, u.name, o.n_households
  FROM unit_outline AS o
  JOIN unit AS u ON u.code = o.unit_code
 WHERE upper_inf(o.valid)
   AND o.level = :level
   AND o.unit_code >= :low
   AND o.unit_code < :high;

-- name: flows
-- Ground that went from grid to grid on a day or later, in the order of publications. The founding of a
-- coverage from a file moves no ground: reports of former days were placed by what it drew.
SELECT l.publication, l.from_code, l.to_code
  FROM publication AS p
  JOIN lineage AS l ON l.publication = p.number
  LEFT JOIN plan ON plan.plan_id = p.plan_id
 WHERE local_day(p.in_force_from) >= :since
   AND NOT (l.kind = 'create' AND coalesce(plan.source IN ('import', 'command'), false))
   AND length(coalesce(l.from_code, l.to_code)) = 15
   AND (l.from_code >= :low AND l.from_code < :high OR l.to_code >= :low AND l.to_code < :high)
 ORDER BY l.publication;

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
-- Where and on which day of a window incidents with a position happened; of those that are known by their
-- month alone, those of months that the window holds as a whole.
SELECT ST_X(i.position) AS lon, ST_Y(i.position) AS lat,
       local_day(i.occurred_at) - CAST(:since AS date) AS day
  FROM incident AS i
 WHERE i.occurred_at >= CAST(:since AS timestamp) AT TIME ZONE 'Asia/Shanghai'
   AND i.occurred_at < CAST(:after AS timestamp) AT TIME ZONE 'Asia/Shanghai'
   AND i.position IS NOT NULL AND i.step NOT IN ('rejected', 'duplicate')
   AND i.territory_code >= :low AND i.territory_code < :high
   AND (CAST(:matter AS text) IS NULL OR i.matter_code = :matter)
   AND (CAST(:levels AS text[]) IS NULL OR i.level = ANY(:levels))
   AND (CAST(:sources AS text[]) IS NULL OR i.source = ANY(:sources))
   AND (i.occurred_precision <> 'month'
        OR NOT :days_only AND local_day(i.occurred_at) + interval '1 month' <= CAST(:after AS date))
 ORDER BY i.occurred_at, i.incident_id
 LIMIT :limit;
