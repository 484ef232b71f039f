-- The registers: households and cameras. Codes between :scope and :scope || '~' are the viewer's territory.

-- name: household
SELECT h.household_id, h.number, h.address, h.building, h.building_unit, h.room, h.class, h.members, h.phone_mask,
       ST_X(h.position) AS lon, ST_Y(h.position) AS lat, h.grid_code, h.subgroup_code, h.placed_by, h.territory_code,
       h.phone_cipher
  FROM household AS h
 WHERE h.household_id = :household_id AND h.territory_code >= :scope AND h.territory_code < :scope || '~';

-- name: households
-- A page of a unit's households by number.
SELECT h.household_id, h.number, h.address, h.building, h.building_unit, h.room, h.class, h.members, h.phone_mask,
       ST_X(h.position) AS lon, ST_Y(h.position) AS lat, h.grid_code, h.subgroup_code, h.placed_by, h.territory_code
  FROM household AS h
 WHERE h.territory_code >= :code AND h.territory_code < :code || '~'
   AND (CAST(:after AS text) IS NULL OR h.number > :after)
   AND (NOT :unplaced OR h.placed_by = 'unplaced')
 ORDER BY h.number
 LIMIT :limit;

-- name: camera
SELECT k.camera_id, k.registry, k.device_id, k.name, k.owner, k.place_class, k.status, k.direction_deg,
       ST_X(k.position) AS lon, ST_Y(k.position) AS lat, k.grid_code, k.subgroup_code, k.territory_code
  FROM camera AS k
 WHERE k.camera_id = :camera_id AND k.territory_code >= :scope AND k.territory_code < :scope || '~';

-- name: cameras
-- A page of a unit's cameras by registry and device.
SELECT k.camera_id, k.registry, k.device_id, k.name, k.owner, k.place_class, k.status, k.direction_deg,
       ST_X(k.position) AS lon, ST_Y(k.position) AS lat, k.grid_code, k.subgroup_code, k.territory_code
  FROM camera AS k
 WHERE k.territory_code >= :code AND k.territory_code < :code || '~'
   AND (CAST(:after AS text) IS NULL OR k.camera_id::text > :after)
 ORDER BY k.camera_id::text
 LIMIT :limit;

-- name: unplaced
-- What waits for a place in a territory.
SELECT (SELECT count(*) FROM household AS h
         WHERE h.placed_by = 'unplaced' AND h.territory_code >= :scope AND h.territory_code < :scope || '~') AS households,
       (SELECT count(*) FROM camera AS k
         WHERE k.grid_code IS NULL AND k.territory_code >= :scope AND k.territory_code < :scope || '~') AS cameras,
       (SELECT count(*) FROM incident AS i
         WHERE i.grid_code IS NULL AND i.step NOT IN ('closed', 'rejected', 'duplicate')
           AND i.territory_code >= :scope AND i.territory_code < :scope || '~') AS incidents;

-- name: household_positions
-- Households whose place follows from their position.
SELECT household_id AS id, ST_X(position) AS lon, ST_Y(position) AS lat, grid_code, subgroup_code
  FROM household
 WHERE position IS NOT NULL AND placed_by IN ('position', 'unplaced');

-- name: camera_positions
SELECT camera_id AS id, ST_X(position) AS lon, ST_Y(position) AS lat, grid_code, subgroup_code
  FROM camera
 WHERE position IS NOT NULL;

-- name: place_households
-- What comes to lie in no grid keeps the village that it lay in.
UPDATE household AS h
   SET grid_code = n.grid_code, subgroup_code = n.subgroup_code, publication = :publication, updated_at = now(),
       placed_by = CASE WHEN n.grid_code IS NULL THEN 'unplaced' ELSE 'position' END,
       territory_code = coalesce(n.subgroup_code, n.grid_code, left(h.territory_code, 12))
  FROM unnest(CAST(:ids AS uuid[]), CAST(:grids AS text[]), CAST(:subgroups AS text[])) AS n (id, grid_code, subgroup_code)
 WHERE h.household_id = n.id;

-- name: place_cameras
UPDATE camera AS k
   SET grid_code = n.grid_code, subgroup_code = n.subgroup_code, publication = :publication, updated_at = now(),
       territory_code = coalesce(n.subgroup_code, n.grid_code, left(k.territory_code, 12))
  FROM unnest(CAST(:ids AS uuid[]), CAST(:grids AS text[]), CAST(:subgroups AS text[])) AS n (id, grid_code, subgroup_code)
 WHERE k.camera_id = n.id;
