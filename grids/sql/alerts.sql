-- Alerts: what the nightly scan reads and keeps.

-- name: counts
-- Incidents of some days by grid, day and group of matters (its first two digits); what is known by its
-- month alone happened on none of them.
SELECT left(c.matter_code, 2) AS matter_group, c.grid_code, c.day, sum(c.n - c.n_by_month) AS n
  FROM daily_count AS c
 WHERE c.day BETWEEN :since AND :until AND c.n > c.n_by_month
 GROUP BY 1, 2, 3;

-- name: standing
-- Alerts that went on until shortly before a night, each with the grids of its last one.
SELECT a.alert_id, n.grid_codes
  FROM alert AS a
  JOIN alert_night AS n ON n.alert_id = a.alert_id AND n.day = a.last_on
 WHERE a.last_on BETWEEN CAST(:day AS date) - CAST(:gap AS integer) AND CAST(:day AS date) - 1
 ORDER BY a.first_on, a.alert_id;

-- name: recipients
-- Leaders over exactly this unit and people at its desk today.
SELECT g.person_id
  FROM access_grant AS g JOIN person AS p ON p.person_id = g.person_id AND p.active
 WHERE g.role = 'leader' AND g.unit_code = :unit AND g.valid @> CAST(:now AS timestamptz)
UNION
SELECT d.person_id
  FROM duty AS d JOIN person AS p ON p.person_id = d.person_id AND p.active
 WHERE d.rank = 'desk' AND d.unit_code = :unit AND d.valid @> local_day(CAST(:now AS timestamptz))
 ORDER BY 1;

-- name: listed
-- Alerts of a territory since a day as they were in their last night, the newest first.
SELECT a.alert_id, a.matter_group, a.territory_code, place.name AS place, centre.name AS centre_name,
       a.first_on, a.last_on, n.grid_codes, n.radius_m, n.since, n.observed, n.expected, n.relative_risk, n.p,
       n.recurrence_days, n.groups, a.acknowledged_at, p.name AS acknowledged_by, a.note,
       (SELECT count(*) FROM alert_night AS k WHERE k.alert_id = a.alert_id) AS nights
  FROM alert AS a
  JOIN alert_night AS n ON n.alert_id = a.alert_id AND n.day = a.last_on
  JOIN unit AS place ON place.code = a.territory_code
  JOIN unit AS centre ON centre.code = n.centre_code
  LEFT JOIN person AS p ON p.person_id = a.acknowledged_by
 WHERE a.territory_code >= :low AND a.territory_code < :high AND a.last_on >= :since
   AND (CAST(:alert_id AS uuid) IS NULL OR a.alert_id = :alert_id)
 ORDER BY a.last_on DESC, a.first_on DESC, n.recurrence_days DESC, a.alert_id;

-- name: last_scan
-- The last night that was looked at.
SELECT day, n_tests, n_cases, n_alerts, settings FROM alert_scan ORDER BY day DESC LIMIT 1;
