-- name: households_incoming
-- A place for the rows of one import, gone with its transaction.
CREATE TEMP TABLE household_incoming (
  number text PRIMARY KEY, address text, building text, building_unit text, room text,
  members smallint, class text, phone_cipher bytea, phone_mask text, phone_kept boolean,
  lon double precision, lat double precision, given_x double precision, given_y double precision,
  given_datum text, grid_code text, subgroup_code text, placed_by text, territory_code text
) ON COMMIT DROP;

-- name: households_merge
-- New households are taken, changed ones replaced, equal ones left as they are; says how many.
WITH merged AS (
  INSERT INTO household AS h (number, address, building, building_unit, room, members, class,
                              phone_cipher, phone_mask, position, given_x, given_y, given_datum,
                              grid_code, subgroup_code, placed_by, publication, territory_code,
                              batch_id)
  SELECT number, address, building, building_unit, room, members, class, phone_cipher, phone_mask,
         ST_SetSRID(ST_MakePoint(lon, lat), 4490), given_x, given_y, given_datum, grid_code,
         subgroup_code, placed_by, :publication, territory_code, :batch_id
    FROM household_incoming
  ON CONFLICT (number) DO UPDATE
     SET address = excluded.address, building = excluded.building,
         building_unit = excluded.building_unit, room = excluded.room,
         members = excluded.members, class = excluded.class,
         phone_cipher = excluded.phone_cipher, phone_mask = excluded.phone_mask,
         position = excluded.position, given_x = excluded.given_x, given_y = excluded.given_y,
         given_datum = excluded.given_datum, grid_code = excluded.grid_code,
         subgroup_code = excluded.subgroup_code, placed_by = excluded.placed_by,
         publication = excluded.publication, territory_code = excluded.territory_code,
         batch_id = excluded.batch_id, updated_at = now()
   WHERE (h.address, h.building, h.building_unit, h.room, h.members, h.class, h.given_x, h.given_y,
          h.given_datum, h.grid_code, h.subgroup_code, h.placed_by, h.territory_code)
         IS DISTINCT FROM
         (excluded.address, excluded.building, excluded.building_unit, excluded.room,
          excluded.members, excluded.class, excluded.given_x, excluded.given_y,
          excluded.given_datum, excluded.grid_code, excluded.subgroup_code, excluded.placed_by,
          excluded.territory_code)
      OR NOT (SELECT i.phone_kept FROM household_incoming AS i WHERE i.number = h.number)
  RETURNING 1
)
SELECT count(*) FROM merged;

-- name: households_keep_place
-- Households stay where a person put them by hand while their file says what it said then; and
-- where they are, whatever placed them, when their file says nothing of places.
UPDATE household_incoming AS i
   SET lon = ST_X(h.position), lat = ST_Y(h.position), given_x = h.given_x, given_y = h.given_y,
       given_datum = h.given_datum, grid_code = h.grid_code, subgroup_code = h.subgroup_code,
       placed_by = h.placed_by, territory_code = h.territory_code
  FROM household AS h
 WHERE h.number = i.number
   AND (:all OR h.placed_by = 'hand' AND (h.given_x, h.given_y, h.given_datum)
                  IS NOT DISTINCT FROM (i.given_x, i.given_y, i.given_datum));

-- name: household_phones
-- What is kept of the telephone numbers of households about to be replaced.
SELECT h.number, h.phone_cipher
  FROM household AS h
  JOIN household_incoming AS i USING (number);

-- name: households_recount
-- How many households each unit in force has; the register is read once, not once a unit.
WITH lived AS (
  SELECT left(territory_code, digits.n) AS unit_code, count(*) AS n
    FROM household, (VALUES (15), (17)) AS digits (n)
   WHERE grid_code IS NOT NULL AND length(territory_code) >= digits.n
   GROUP BY 1
), counted AS (
  SELECT o.unit_code, coalesce(lived.n, 0)::integer AS n
    FROM unit_outline AS o
    LEFT JOIN lived ON lived.unit_code = o.unit_code
   WHERE upper_inf(o.valid) AND o.level IN ('grid', 'subgroup')
), rolled AS (
  SELECT unit_code, n FROM counted
  UNION ALL
  SELECT left(unit_code, digits.n), sum(counted.n)::integer
    FROM counted, (VALUES (6), (9), (12)) AS digits (n)
   WHERE length(unit_code) = 15
   GROUP BY left(unit_code, digits.n)
)
UPDATE unit_outline AS o
   SET n_households = rolled.n
  FROM rolled
 WHERE o.unit_code = rolled.unit_code AND upper_inf(o.valid) AND o.n_households <> rolled.n;

-- name: cameras_incoming
-- A place for the rows of one import, gone with its transaction.
CREATE TEMP TABLE camera_incoming (
  registry text, device_id text, name text, owner text, place_class text, status text,
  lon double precision, lat double precision, given_x double precision, given_y double precision,
  given_datum text, direction_deg real, grid_code text, subgroup_code text, territory_code text,
  PRIMARY KEY (registry, device_id)
) ON COMMIT DROP;

-- name: cameras_merge
-- New cameras are taken, changed ones replaced, equal ones left as they are; says how many.
WITH merged AS (
  INSERT INTO camera AS c (registry, device_id, name, owner, place_class, status, position,
                           given_x, given_y, given_datum, direction_deg, grid_code, subgroup_code,
                           publication, territory_code, batch_id)
  SELECT registry, device_id, name, owner, place_class, status,
         ST_SetSRID(ST_MakePoint(lon, lat), 4490), given_x, given_y, given_datum, direction_deg,
         grid_code, subgroup_code, :publication, territory_code, :batch_id
    FROM camera_incoming
  ON CONFLICT (registry, device_id) DO UPDATE
     SET name = excluded.name, owner = excluded.owner, place_class = excluded.place_class,
         status = excluded.status, position = excluded.position, given_x = excluded.given_x,
         given_y = excluded.given_y, given_datum = excluded.given_datum,
         direction_deg = excluded.direction_deg, grid_code = excluded.grid_code,
         subgroup_code = excluded.subgroup_code, publication = excluded.publication,
         territory_code = excluded.territory_code, batch_id = excluded.batch_id, updated_at = now()
   WHERE (c.name, c.owner, c.place_class, c.status, c.given_x, c.given_y, c.given_datum,
          c.direction_deg, c.grid_code, c.subgroup_code, c.territory_code)
         IS DISTINCT FROM
         (excluded.name, excluded.owner, excluded.place_class, excluded.status, excluded.given_x,
          excluded.given_y, excluded.given_datum, excluded.direction_deg, excluded.grid_code,
          excluded.subgroup_code, excluded.territory_code)
  RETURNING 1
)
SELECT count(*) FROM merged;

-- name: cameras_keep_place
-- Cameras stay where they are when their file says nothing of places.
UPDATE camera_incoming AS i
   SET lon = ST_X(c.position), lat = ST_Y(c.position), given_x = c.given_x, given_y = c.given_y,
       given_datum = c.given_datum, grid_code = c.grid_code, subgroup_code = c.subgroup_code,
       territory_code = c.territory_code
  FROM camera AS c
 WHERE c.registry = i.registry AND c.device_id = i.device_id;

-- name: people_incoming
-- A place for the rows of one import, gone with its transaction.
CREATE TEMP TABLE person_incoming (
  source_key text PRIMARY KEY, name text, phone_cipher bytea, phone_mask text,
  phone_kept boolean, unit_code text
) ON COMMIT DROP;

-- name: people_merge
-- New people are taken, changed ones replaced, equal ones left as they are; says how many.
WITH merged AS (
  INSERT INTO person AS p (source_key, name, phone_cipher, phone_mask, unit_code)
  SELECT source_key, name, phone_cipher, phone_mask, unit_code FROM person_incoming
  ON CONFLICT (source_key) DO UPDATE
     SET name = excluded.name, phone_cipher = excluded.phone_cipher,
         phone_mask = excluded.phone_mask, unit_code = excluded.unit_code
   WHERE (p.name, p.unit_code) IS DISTINCT FROM (excluded.name, excluded.unit_code)
      OR NOT (SELECT i.phone_kept FROM person_incoming AS i WHERE i.source_key = p.source_key)
  RETURNING 1
)
SELECT count(*) FROM merged;

-- name: person_phones
-- What is kept of the telephone numbers of people about to be replaced.
SELECT p.source_key, p.phone_cipher
  FROM person AS p
  JOIN person_incoming AS i USING (source_key);

-- name: duty_moves
-- A duty begins or ends on other days than we had.
UPDATE duty SET valid = daterange(:since, :until) WHERE duty_id = :duty_id;

-- name: leave_ends
-- Absences that are part of a longer one.
DELETE FROM leave
 WHERE person_id = :person_id
   AND during && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz));

-- name: leave_begins
-- Somebody is away.
INSERT INTO leave (person_id, during)
VALUES (:person_id, tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz)));

-- name: household_keys_outside
-- Which of these numbers belong to households outside a territory.
SELECT number FROM household WHERE number = ANY (:keys) AND NOT starts_with(territory_code, :scope);

-- name: camera_keys_outside
-- Which of these cameras lie outside a territory.
SELECT registry || ' ' || device_id
  FROM camera
 WHERE registry || ' ' || device_id = ANY (:keys) AND NOT starts_with(territory_code, :scope);

-- name: person_keys_outside
-- Which of these people belong to units outside a territory.
SELECT source_key FROM person WHERE source_key = ANY (:keys) AND NOT starts_with(unit_code, :scope);

-- name: batch_open
-- An import begins: its rows may name it from now on.
INSERT INTO import_batch (batch_id, kind, file_name, sha256, datum, report, by_person)
VALUES (:batch_id, :kind, :file_name, :sha256, :datum, '{}', :by_person);

-- name: batch_close
-- The account of an import that has ended.
UPDATE import_batch SET report = CAST(:report AS jsonb) WHERE batch_id = :batch_id;
