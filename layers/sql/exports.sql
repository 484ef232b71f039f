-- name: units
-- Units with their outlines and names at a moment (none: now).
SELECT u.code, u.level, u.kind, coalesce(n.name, u.name) AS name, u.parent_code, u.source_code,
       o.area_m2, o.n_households, o.publication, ST_AsBinary(o.outline) AS shape
  FROM unit_outline AS o
  JOIN unit AS u ON u.code = o.unit_code
  LEFT JOIN unit_naming AS n ON n.unit_code = u.code AND n.valid @> CAST(:at AS timestamptz)
 WHERE o.unit_code >= :low AND o.unit_code < :high
   AND o.level = ANY(:levels)
   AND CASE WHEN CAST(:at AS timestamptz) IS NULL THEN upper_inf(o.valid) ELSE o.valid @> CAST(:at AS timestamptz) END
 ORDER BY u.code;

-- name: cells
-- The atoms of the partition at a moment (none: now).
SELECT c.cell_id, c.village_code, c.grid_code, c.subgroup_code, c.area_m2, c.publication,
       ST_AsBinary(c.outline) AS shape
  FROM cell_version AS c
 WHERE c.village_code >= left(:low, 12) AND c.village_code < :high
   AND CASE WHEN CAST(:at AS timestamptz) IS NULL THEN upper_inf(c.valid) ELSE c.valid @> CAST(:at AS timestamptz) END
   AND (length(:low) <= 12 OR coalesce(c.subgroup_code, c.grid_code, c.village_code) >= :low)
   AND coalesce(c.subgroup_code, c.grid_code, c.village_code) < :high
 ORDER BY c.village_code, c.grid_code, c.subgroup_code, c.cell_id;

-- name: households
-- Households of a territory; the position as CGCS2000.
SELECT h.number, h.address, h.building, h.building_unit, h.room, h.members, h.class,
       h.phone_mask, h.grid_code, h.subgroup_code, h.placed_by,
       ST_X(h.position) AS lon, ST_Y(h.position) AS lat, ST_AsBinary(h.position) AS shape
  FROM household AS h
 WHERE h.territory_code >= :low AND h.territory_code < :high
 ORDER BY h.territory_code, h.number;

-- name: cameras
-- Cameras of a territory; the position as CGCS2000.
SELECT c.registry, c.device_id, c.name, c.owner, c.place_class, c.status, c.direction_deg,
       c.grid_code, c.subgroup_code, ST_X(c.position) AS lon, ST_Y(c.position) AS lat,
       ST_AsBinary(c.position) AS shape
  FROM camera AS c
 WHERE c.territory_code >= :low AND c.territory_code < :high
 ORDER BY c.registry, c.device_id;

-- name: incidents
-- Incidents of a territory, the newest first; times in UTC, and no more of when it happened than is known.
SELECT i.number, i.matter_code, m.name AS matter, i.summary, i.place, i.level, i.step, i.source,
       i.external_id, CASE i.occurred_precision
              WHEN 'month' THEN to_char(i.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM')
              WHEN 'day' THEN to_char(i.occurred_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD')
              ELSE to_char(i.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SSOF') END AS occurred_at,
       to_char(i.reported_at, 'YYYY-MM-DD"T"HH24:MI:SSOF') AS reported_at,
       to_char(i.closed_at, 'YYYY-MM-DD"T"HH24:MI:SSOF') AS closed_at, i.grid_code,
       i.subgroup_code, i.placement, i.review, i.owner_unit, i.owner_rank,
       ST_X(i.position) AS lon, ST_Y(i.position) AS lat, ST_AsBinary(i.position) AS shape
  FROM incident AS i
  JOIN matter AS m ON m.code = i.matter_code
 WHERE i.territory_code >= :low AND i.territory_code < :high
 ORDER BY i.reported_at DESC, i.incident_id;
