-- Who answers for a unit.

-- name: on_duty
-- Everybody on duty for these units at a moment, those on leave included. Open incidents are counted
-- only where several share a rank and the load decides.
SELECT d.unit_code, d.rank, d.person_id, p.name, p.phone_mask,
       EXISTS (SELECT FROM leave AS l WHERE l.person_id = d.person_id AND l.during @> CAST(:at AS timestamptz)) AS on_leave,
       CASE WHEN count(*) OVER (PARTITION BY d.unit_code, d.rank) > 1
         THEN (SELECT count(*) FROM incident AS open
                WHERE open.owner_id = d.person_id AND open.step NOT IN ('closed', 'rejected', 'duplicate'))
         ELSE 0 END AS open_incidents
  FROM duty AS d
  JOIN person AS p ON p.person_id = d.person_id
 WHERE d.unit_code = ANY (CAST(:codes AS text[])) AND d.valid @> local_day(CAST(:at AS timestamptz))
   AND p.active
 ORDER BY d.unit_code, d.rank, d.person_id;

-- name: whole_roster
-- Everybody on duty at a moment, with every open incident counted: for receiving many at once.
SELECT d.unit_code, d.rank, d.person_id, p.name, p.phone_mask,
       EXISTS (SELECT FROM leave AS l WHERE l.person_id = d.person_id AND l.during @> CAST(:at AS timestamptz)) AS on_leave,
       coalesce(load.n, 0) AS open_incidents
  FROM duty AS d
  JOIN person AS p ON p.person_id = d.person_id
  LEFT JOIN (SELECT owner_id, count(*) AS n FROM incident
              WHERE step NOT IN ('closed', 'rejected', 'duplicate') GROUP BY owner_id) AS load
         ON load.owner_id = d.person_id
 WHERE d.valid @> local_day(CAST(:at AS timestamptz)) AND p.active;

-- name: of_person
-- What a person is on duty for at a moment.
SELECT d.unit_code, u.name AS unit_name, d.rank
  FROM duty AS d
  JOIN unit AS u ON u.code = d.unit_code
 WHERE d.person_id = :person_id AND d.valid @> local_day(CAST(:at AS timestamptz))
 ORDER BY length(d.unit_code) DESC, d.unit_code, d.rank;

-- name: services
-- The duties of an area that count on a day or begin later.
SELECT d.duty_id, d.person_id, p.name AS person_name, p.phone_mask, d.unit_code::text, u.name AS unit_name, d.rank,
       lower(d.valid) AS since, upper(d.valid) AS until,
       away.person_id IS NOT NULL AS on_leave, upper(away.during) AS on_leave_until,
       coalesce(load.n, 0) AS open_incidents
  FROM duty AS d
  JOIN person AS p ON p.person_id = d.person_id AND p.active
  JOIN unit AS u ON u.code = d.unit_code
  LEFT JOIN leave AS away ON away.person_id = d.person_id AND away.during @> CAST(:at AS timestamptz)
  LEFT JOIN (SELECT owner_id, count(*) AS n FROM incident
              WHERE step NOT IN ('closed', 'rejected', 'duplicate') GROUP BY owner_id) AS load
         ON load.owner_id = d.person_id
 WHERE d.unit_code >= :low AND d.unit_code < :high
   AND (upper_inf(d.valid) OR upper(d.valid) > local_day(CAST(:at AS timestamptz)))
 ORDER BY d.unit_code, d.rank, lower(d.valid), d.duty_id;

-- name: vacant
-- Grids in force without a primary worker and other units without a desk, with who held them last.
SELECT u.code::text AS unit_code, u.name AS unit_name, u.level, u.kind, needed.rank, last.name AS last_name,
       last.until AS vacant_since
  FROM unit AS u
 CROSS JOIN LATERAL (SELECT CASE u.level WHEN 'grid' THEN 'primary' ELSE 'desk' END AS rank) AS needed
  LEFT JOIN LATERAL (SELECT p.name, upper(d.valid) AS until
                       FROM duty AS d
                       JOIN person AS p ON p.person_id = d.person_id
                      WHERE d.unit_code = u.code AND d.rank = needed.rank
                        AND upper(d.valid) <= local_day(CAST(:at AS timestamptz))
                      ORDER BY upper(d.valid) DESC LIMIT 1) AS last ON true
 WHERE upper_inf(u.valid) AND u.level <> 'subgroup' AND u.code >= :low AND u.code < :high
   AND NOT EXISTS (SELECT FROM duty AS d
                     JOIN person AS p ON p.person_id = d.person_id AND p.active
                    WHERE d.unit_code = u.code AND d.rank = needed.rank
                      AND d.valid @> local_day(CAST(:at AS timestamptz)))
 ORDER BY u.code;

-- name: give_way
-- The primary worker of a unit ends where the next one begins.
UPDATE duty SET valid = daterange(lower(valid), :since)
 WHERE unit_code = :unit_code AND rank = 'primary' AND valid @> CAST(:since AS date) AND lower(valid) < :since;

-- name: beside
-- A duty that leaves no room for another: of the same person, or any of a primary worker.
SELECT p.name, greatest(lower(d.valid), :since) AS since
  FROM duty AS d
  JOIN person AS p ON p.person_id = d.person_id
 WHERE d.unit_code = :unit_code AND d.rank = :rank AND d.valid && daterange(:since, :until)
   AND (d.person_id = :person_id OR d.rank = 'primary')
 ORDER BY lower(d.valid)
 LIMIT 1;

-- name: appoint
-- Put a person on duty.
INSERT INTO duty (person_id, unit_code, rank, valid)
VALUES (:person_id, :unit_code, :rank, daterange(:since, :until))
RETURNING duty_id;

-- name: away
-- Since when a person is away in a part of a time.
SELECT lower(l.during) FROM leave AS l
 WHERE l.person_id = :person_id AND l.during && tstzrange(:since, :until)
 ORDER BY lower(l.during)
 LIMIT 1;

-- name: take_leave
-- Write down that a person is away.
INSERT INTO leave (person_id, during, reason) VALUES (:person_id, tstzrange(:since, :until), :reason);
