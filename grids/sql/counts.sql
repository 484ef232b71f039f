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
-- Count again from the incidents, each for the grid that it was last placed in by its position: borders
-- that move later do not move it, a pin that is set right does.
INSERT INTO daily_count (grid_code, day, matter_code, level, source, n, n_by_month)
SELECT placed.facts ->> 'grid', local_day(i.occurred_at), i.matter_code, i.level, i.source, count(*),
       count(*) FILTER (WHERE i.occurred_precision = 'month')
  FROM incident AS i
 CROSS JOIN LATERAL (SELECT s.facts FROM incident_step AS s
                      WHERE s.incident_id = i.incident_id AND s.action IN ('report', 'position')
                      ORDER BY s.seq DESC LIMIT 1) AS placed
 WHERE placed.facts ->> 'grid' IS NOT NULL AND i.step NOT IN ('rejected', 'duplicate')
 GROUP BY 1, 2, 3, 4, 5;

-- name: state
-- Since when changes are new to whoever reads now, the epoch of the counts, and whether the asking
-- transaction has itself written anything.
SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS horizon,
       (SELECT epoch FROM daily_count_epoch) AS epoch,
       pg_current_xact_id_if_assigned() IS NOT NULL AS has_written;

-- name: changed
-- What was written by transactions from a number on.
SELECT c.grid_code, c.day, c.matter_code, c.level, c.source, c.n, c.n_by_month
  FROM daily_count AS c
 WHERE c.changed_by >= CAST(CAST(:since AS text) AS xid8)
 LIMIT :limit;

-- name: counted_grids
-- Every grid with a count, found by stepping along the key from grid to grid.
WITH RECURSIVE step (grid_code) AS (
  (SELECT grid_code FROM daily_count ORDER BY grid_code LIMIT 1)
  UNION ALL
  SELECT (SELECT c.grid_code FROM daily_count AS c WHERE c.grid_code > step.grid_code ORDER BY c.grid_code LIMIT 1)
    FROM step
   WHERE step.grid_code IS NOT NULL
)
SELECT grid_code, hashtextextended(CAST(grid_code AS text), 0) AS hash FROM step WHERE grid_code IS NOT NULL;

-- name: counted_kinds
-- Every combination of matter, level and source with a count.
SELECT matter_code, level, source, hashtextextended(matter_code || chr(31) || level || chr(31) || source, 0) AS hash
  FROM daily_count
 GROUP BY matter_code, level, source
 ORDER BY matter_code, level, source;

-- name: all_rows
-- All counts as fixed numbers, names by their hash: read by place, five fields a row.
COPY (
  SELECT hashtextextended(CAST(grid_code AS text), 0), day - date '1970-01-01',
         hashtextextended(matter_code || chr(31) || level || chr(31) || source, 0), n, n_by_month
    FROM daily_count
   WHERE n <> 0 AND day >= date '1970-01-01'
) TO STDOUT (FORMAT BINARY)
