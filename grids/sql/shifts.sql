-- Sources whose positions may be shifted: what the nightly look reads.

-- name: reported
-- The newest positions of each source and datum since a moment, as they were given.
SELECT source, given_datum, given_x, given_y
  FROM (SELECT i.source, i.given_datum, i.given_x, i.given_y,
               row_number() OVER (PARTITION BY i.source, i.given_datum
                                      ORDER BY i.reported_at DESC, i.incident_id) AS n
          FROM incident AS i
         WHERE i.reported_at >= :since AND i.given_x IS NOT NULL) AS newest
 WHERE n <= :most
 ORDER BY source, given_datum, n;

-- name: homes
-- Where households are.
SELECT DISTINCT ST_X(position) AS lon, ST_Y(position) AS lat
  FROM household
 WHERE position IS NOT NULL;

-- name: told
-- Sources that administrators were told of since a moment.
SELECT DISTINCT facts ->> 'source' AS source, facts ->> 'datum' AS datum
  FROM notice
 WHERE kind = 'source.shifted' AND at >= :since;

-- name: administrators
-- Who keeps the county's registers and its technique.
SELECT DISTINCT g.person_id
  FROM access_grant AS g
  JOIN person AS p ON p.person_id = g.person_id AND p.active
 WHERE g.role IN ('grid_admin', 'sysadmin') AND length(g.unit_code) <= 6
   AND g.valid @> CAST(:now AS timestamptz)
 ORDER BY g.person_id;
