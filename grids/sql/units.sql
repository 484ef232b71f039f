-- Units as screens read them. Codes between :scope and :scope || '~' are the viewer's territory.

-- name: children
-- Units in force under a parent (none: those whose code is the scope, or the counties).
SELECT u.code, u.level, u.kind, u.name, coalesce(o.n_households, 0) AS n_households, o.area_m2,
       (SELECT count(*) FROM unit AS child WHERE child.parent_code = u.code AND upper_inf(child.valid)) AS n_children,
       ST_XMin(o.outline) AS west, ST_YMin(o.outline) AS south, ST_XMax(o.outline) AS east, ST_YMax(o.outline) AS north
  FROM unit AS u
  LEFT JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
 WHERE upper_inf(u.valid) AND u.code >= :scope AND u.code < :scope || '~'
   AND CASE WHEN CAST(:parent AS text) IS NOT NULL THEN u.parent_code = :parent
            WHEN :scope <> '' THEN u.code = :scope
            ELSE u.level = 'county' END
 ORDER BY u.code;

-- name: extent
-- Name and bounding box of a unit in force, or of the first county.
SELECT u.code, u.name,
       ST_XMin(o.outline) AS west, ST_YMin(o.outline) AS south, ST_XMax(o.outline) AS east, ST_YMax(o.outline) AS north
  FROM unit AS u
  LEFT JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
 WHERE CASE WHEN CAST(:code AS text) IS NULL THEN u.level = 'county' AND upper_inf(u.valid) ELSE u.code = :code END
 ORDER BY u.code
 LIMIT 1;

-- name: card
-- A unit, in force or retired, with its last outline and what lies in it. The ranges are those of the code
-- asked for: made of the column, they would be joined texts, which keep walled tables from their indexes.
SELECT u.code, u.level, u.kind, u.name, u.source_code, upper(u.valid) AS retired_at, o.area_m2,
       ST_XMin(o.outline) AS west, ST_YMin(o.outline) AS south, ST_XMax(o.outline) AS east, ST_YMax(o.outline) AS north,
       ST_X(o.centre) AS lon, ST_Y(o.centre) AS lat,
       (SELECT count(*) FROM unit AS child WHERE child.parent_code = u.code AND upper_inf(child.valid)) AS n_children,
       (SELECT count(*) FROM household AS h
         WHERE h.territory_code >= :code AND h.territory_code < CAST(:code AS text) || '~'
           AND h.grid_code IS NOT NULL) AS n_households,
       (SELECT count(*) FROM household AS h
         WHERE h.territory_code >= :code AND h.territory_code < CAST(:code AS text) || '~'
           AND h.grid_code IS NULL) AS n_unplaced,
       (SELECT count(*) FROM camera AS k
         WHERE k.territory_code >= :code AND k.territory_code < CAST(:code AS text) || '~') AS n_cameras,
       (SELECT count(*) FROM incident AS i
         WHERE i.territory_code >= :code AND i.territory_code < CAST(:code AS text) || '~'
           AND i.step NOT IN ('closed', 'rejected', 'duplicate')) AS n_open_incidents
  FROM unit AS u
  LEFT JOIN LATERAL (
       SELECT v.outline, v.area_m2, ST_PointOnSurface(v.outline) AS centre
         FROM unit_outline AS v WHERE v.unit_code = u.code ORDER BY v.publication DESC LIMIT 1) AS o ON true
 WHERE u.code = :code;

-- name: path
-- The units above a unit and itself, the county first.
SELECT u.code, u.name, u.level FROM unit AS u WHERE u.code = ANY (CAST(:codes AS text[])) ORDER BY u.code;

-- name: neighbours
-- Units of the same level that share a border line with these (a corner is none), each with its primary worker.
SELECT DISTINCT n.unit_code AS code, u.name, p.name AS worker, p.phone_mask
  FROM unit_outline AS o
  JOIN unit_outline AS n ON n.level = o.level AND upper_inf(n.valid) AND n.unit_code <> ALL (CAST(:codes AS text[]))
                        AND n.outline && o.outline AND ST_Relate(n.outline, o.outline, '****1****')
  JOIN unit AS u ON u.code = n.unit_code
  LEFT JOIN duty AS d ON d.unit_code = n.unit_code AND d.rank = 'primary'
                     AND d.valid @> local_day(CAST(:at AS timestamptz))
  LEFT JOIN person AS p ON p.person_id = d.person_id AND p.active
 WHERE o.unit_code = ANY (CAST(:codes AS text[])) AND upper_inf(o.valid)
 ORDER BY n.unit_code;

-- name: history
-- What happened to a unit's land, the newest first.
SELECT l.publication, p.in_force_from AS at, l.kind, l.from_code, l.to_code, l.n_households
  FROM lineage AS l
  JOIN publication AS p ON p.number = l.publication
 WHERE l.from_code = :code OR l.to_code = :code
 ORDER BY l.publication DESC, l.from_code, l.to_code
 LIMIT 100;

-- name: outlines
-- Outlines in force as GeoJSON.
SELECT u.code, u.level, u.name, ST_AsGeoJSON(o.outline, 7) AS geometry
  FROM unit AS u
  JOIN unit_outline AS o ON o.unit_code = u.code AND upper_inf(o.valid)
 WHERE u.code = ANY (CAST(:codes AS text[]))
 ORDER BY u.code;

-- name: search_units
-- By code, the publisher's code, name or pinyin initials; the best match first. Retired units are found
-- by their whole code. Outlines are long and stay untouched until it is known which are shown.
SELECT found.code AS key, found.level, found.name AS title, parent.name AS subtitle, found.retired_at,
       ST_XMin(o.outline) AS west, ST_YMin(o.outline) AS south, ST_XMax(o.outline) AS east, ST_YMax(o.outline) AS north
  FROM (SELECT u.code, u.level, u.name, u.parent_code, upper(u.valid) AS retired_at,
               row_number() OVER (ORDER BY (u.code = :said OR u.source_code = :said) DESC NULLS LAST, u.name = :said DESC,
                                           u.code LIKE :prefix DESC, u.name ILIKE :prefix DESC,
                                           length(u.code), u.code) AS place
          FROM unit AS u
         WHERE u.code >= :scope AND u.code < :scope || '~'
           AND (u.code = :said OR u.source_code = :said
                OR upper_inf(u.valid) AND (u.code LIKE :prefix OR u.name ILIKE :within
                                           OR u.initials LIKE CAST(:initials AS text)))
         ORDER BY place
         LIMIT :limit) AS found
  LEFT JOIN unit AS parent ON parent.code = found.parent_code
  LEFT JOIN LATERAL (
       SELECT v.outline FROM unit_outline AS v WHERE v.unit_code = found.code ORDER BY v.publication DESC LIMIT 1) AS o ON true
 ORDER BY found.place;

-- name: search_people
-- People on duty today in the territory, by name.
SELECT found.person_id AS key, found.name AS title, found.unit_name AS subtitle, found.rank AS level,
       ST_XMin(o.outline) AS west, ST_YMin(o.outline) AS south, ST_XMax(o.outline) AS east, ST_YMax(o.outline) AS north
  FROM (SELECT p.person_id, p.name, d.unit_code, d.rank, u.name AS unit_name,
               row_number() OVER (ORDER BY p.name = :said DESC, p.name, d.unit_code) AS place
          FROM person AS p
          JOIN duty AS d ON d.person_id = p.person_id AND d.valid @> local_day(now())
          JOIN unit AS u ON u.code = d.unit_code
         WHERE p.active AND p.name ILIKE :within AND d.unit_code >= :scope AND d.unit_code < :scope || '~'
         ORDER BY place
         LIMIT :limit) AS found
  LEFT JOIN unit_outline AS o ON o.unit_code = found.unit_code AND upper_inf(o.valid)
 ORDER BY found.place;

-- name: search_households
-- Households of the territory by number or address.
SELECT h.household_id AS key, h.number AS title, h.address AS subtitle, ST_X(h.position) AS lon, ST_Y(h.position) AS lat
  FROM household AS h
 WHERE h.territory_code >= :scope AND h.territory_code < :scope || '~'
   AND (h.number LIKE :prefix OR h.address ILIKE :within)
 ORDER BY h.number = :said DESC, h.number
 LIMIT :limit;

-- name: search_incidents
-- Incidents of the territory by number, whole or from its beginning.
SELECT i.incident_id AS key, i.number AS title, i.summary AS subtitle, ST_X(i.position) AS lon, ST_Y(i.position) AS lat
  FROM incident AS i
 WHERE i.territory_code >= :scope AND i.territory_code < :scope || '~' AND i.number LIKE :prefix
 ORDER BY i.number DESC
 LIMIT :limit;

-- name: search_cameras
-- Cameras of the territory by device id or name.
SELECT k.camera_id AS key, k.device_id AS title, k.name AS subtitle, ST_X(k.position) AS lon, ST_Y(k.position) AS lat
  FROM camera AS k
 WHERE k.territory_code >= :scope AND k.territory_code < :scope || '~'
   AND (k.device_id LIKE :prefix OR k.name ILIKE :within)
 ORDER BY k.device_id
 LIMIT :limit;
