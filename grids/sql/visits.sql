-- Visits to households and patrols of grids.

-- name: visited
-- A household with the place of its grid, if it lies in the territory.
SELECT h.household_id, h.grid_code::text, h.territory_code::text
  FROM household AS h
 WHERE h.household_id = :household_id AND h.territory_code >= :low AND h.territory_code < :high;

-- name: known_visit
-- What came before with a sender's key.
SELECT v.visit_id, v.household_id, v.at, v.result
  FROM visit AS v
 WHERE v.person_id = :person_id AND v.idempotency_key = :key;

-- name: known_patrol
-- What came before with a sender's key.
SELECT p.patrol_id, p.grid_code::text, lower(p.during) AS since, upper(p.during) AS until, p.result
  FROM patrol AS p
 WHERE p.person_id = :person_id AND p.idempotency_key = :key;

-- name: coverage
-- How far the households and the ground of each grid were covered in a period. The ends of the code range
-- are made ready first: an expression on a walled column would keep its index away.
WITH asked AS MATERIALIZED (
  SELECT CAST(:low AS text) AS low, CAST(:high AS text) AS high,
         CAST(:since AS timestamptz) AS since, CAST(:until AS timestamptz) AS until
), home AS (
  SELECT h.grid_code::text AS grid_code, count(*) AS n
    FROM asked, household AS h
   WHERE h.territory_code >= asked.low AND h.territory_code < asked.high AND h.grid_code IS NOT NULL
   GROUP BY h.grid_code
), seen AS (
  SELECT v.grid_code::text AS grid_code, count(*) AS n, count(DISTINCT v.household_id) AS n_households, max(v.at) AS last_at
    FROM asked, visit AS v
   WHERE v.territory_code >= asked.low AND v.territory_code < asked.high AND v.at >= asked.since AND v.at < asked.until
   GROUP BY v.grid_code
), walked AS (
  SELECT p.grid_code::text AS grid_code, count(*) AS n, max(upper(p.during)) AS last_at
    FROM asked, patrol AS p
   WHERE p.territory_code >= asked.low AND p.territory_code < asked.high
     AND upper(p.during) > asked.since AND upper(p.during) <= asked.until
   GROUP BY p.grid_code
)
SELECT u.code::text AS grid_code, u.name, coalesce(home.n, 0) AS n_households, coalesce(seen.n_households, 0) AS n_visited,
       coalesce(seen.n, 0) AS n_visits, seen.last_at AS last_visit_at, coalesce(walked.n, 0) AS n_patrols,
       walked.last_at AS last_patrol_at
  FROM asked
  JOIN unit AS u ON u.level = 'grid' AND upper_inf(u.valid) AND u.code >= asked.low AND u.code < asked.high
  LEFT JOIN home ON home.grid_code = u.code
  LEFT JOIN seen ON seen.grid_code = u.code
  LEFT JOIN walked ON walked.grid_code = u.code
 ORDER BY u.code;

-- name: longest_unvisited
-- Households of a grid whose last visit is longest ago, those never visited first; households in care
-- come before others of the same day.
WITH asked AS MATERIALIZED (
  SELECT CAST(:low AS text) AS low, CAST(:high AS text) AS high
)
SELECT h.household_id, h.number, h.address, h.class, last.at AS last_visit_at, last.result AS last_result
  FROM asked
  JOIN household AS h ON h.territory_code >= asked.low AND h.territory_code < asked.high
  LEFT JOIN LATERAL (SELECT v.at, v.result FROM visit AS v
                      WHERE v.household_id = h.household_id ORDER BY v.at DESC LIMIT 1) AS last ON true
 ORDER BY local_day(last.at) NULLS FIRST, h.class = 'ordinary', h.number
 LIMIT :most;

-- name: take_visits
-- Visits of a list; one that is known by its key stays as it is. Rows: person_id, household_id, at, result, key.
WITH given AS MATERIALIZED (
  SELECT r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r
           (person_id uuid, household_id uuid, at timestamptz, result text, key text)
)
INSERT INTO visit (person_id, household_id, grid_code, territory_code, at, result, idempotency_key)
SELECT given.person_id, given.household_id, h.grid_code, h.territory_code, given.at, given.result, given.key
  FROM given
  JOIN household AS h ON h.household_id = given.household_id
    ON CONFLICT (person_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING;
