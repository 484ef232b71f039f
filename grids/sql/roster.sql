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

-- name: vacancies
-- Grids in force without a primary worker, and villages, townships and counties without a desk.
SELECT u.code
  FROM unit AS u
 WHERE upper_inf(u.valid) AND u.level <> 'subgroup'
   AND u.code >= :scope AND u.code < :scope || '~'
   AND NOT EXISTS (SELECT FROM duty AS d
                     JOIN person AS p ON p.person_id = d.person_id AND p.active
                    WHERE d.unit_code = u.code AND d.valid @> local_day(CAST(:at AS timestamptz))
                      AND d.rank = CASE u.level WHEN 'grid' THEN 'primary' ELSE 'desk' END)
 ORDER BY u.code;
