-- Counts of incidents per grid and day, kept as incidents come, so that nobody waits for raw rows.

-- name: by_grid
-- Incidents per grid in a period, both days included.
SELECT c.grid_code, sum(c.n) AS n
  FROM daily_count AS c
 WHERE c.day BETWEEN :since AND :until AND c.grid_code >= :scope AND c.grid_code < :scope || '~'
   AND (CAST(:matter AS text) IS NULL OR c.matter_code = :matter)
 GROUP BY c.grid_code
 ORDER BY c.grid_code;

-- name: by_day
-- Incidents per day of a territory in a period, both days included; days without any are missing.
SELECT c.day, sum(c.n) AS n
  FROM daily_count AS c
 WHERE c.day BETWEEN :since AND :until AND c.grid_code >= :scope AND c.grid_code < :scope || '~'
   AND (CAST(:matter AS text) IS NULL OR c.matter_code = :matter)
 GROUP BY c.day
 ORDER BY c.day;

-- name: by_grid_and_day
-- Incidents by grid and day of a period, both days included.
SELECT c.grid_code, c.day, sum(c.n) AS n
  FROM daily_count AS c
 WHERE c.day BETWEEN :since AND :until AND c.grid_code >= :scope AND c.grid_code < :scope || '~'
   AND (CAST(:matter AS text) IS NULL OR c.matter_code = :matter)
 GROUP BY c.grid_code, c.day;

-- name: windows
-- Incidents per grid in several periods at once.
SELECT w.place, c.grid_code, sum(c.n) AS n
  FROM unnest(CAST(:since AS date[]), CAST(:until AS date[])) WITH ORDINALITY AS w (since, until, place)
  JOIN daily_count AS c ON c.day BETWEEN w.since AND w.until
 WHERE c.grid_code >= :scope AND c.grid_code < :scope || '~'
   AND (CAST(:matter AS text) IS NULL OR c.matter_code = :matter)
 GROUP BY w.place, c.grid_code;

-- name: households
-- Placed households of the grids in force.
SELECT o.unit_code AS grid_code, o.n_households AS n
  FROM unit_outline AS o
 WHERE o.level = 'grid' AND upper_inf(o.valid) AND o.unit_code >= :scope AND o.unit_code < :scope || '~'
 ORDER BY o.unit_code;

-- name: extent
-- The first and last day that has a count.
SELECT min(day) AS first, max(day) AS last FROM daily_count;

-- name: clear
DELETE FROM daily_count;

-- name: rebuild
-- Count again from the incidents, each for the grid that it was placed in when it came.
INSERT INTO daily_count (grid_code, day, matter_code, level, source, n)
SELECT s.facts ->> 'grid', local_day(i.occurred_at), i.matter_code, i.level, i.source, count(*)
  FROM incident AS i
  JOIN incident_step AS s ON s.incident_id = i.incident_id AND s.seq = 1
 WHERE s.facts ->> 'grid' IS NOT NULL AND i.step NOT IN ('rejected', 'duplicate')
 GROUP BY 1, 2, 3, 4, 5;
