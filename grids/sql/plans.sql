-- name: county_code
-- The county of this database.
SELECT code FROM unit WHERE level = 'county' AND upper_inf(valid) ORDER BY code LIMIT 1;

-- name: create
-- A new, empty plan on what is in force.
INSERT INTO plan (title, note, source, base_publication, territory_code, open_incidents, effective_from, owner_id)
VALUES (:title, :note, :source, (SELECT max(number) FROM publication), :territory, :open_incidents,
        :effective_from, :owner_id)
RETURNING plan_id;

-- name: get
-- A plan with what it touches.
SELECT plan.plan_id, plan.title, plan.note, plan.source, plan.base_publication, plan.territory_code, plan.state,
       plan.open_incidents, plan.effective_from, plan.version, plan.owner_id, person.name AS owner_name,
       plan.created_at, plan.updated_at, touched.n_changed, touched.village_codes,
       ST_XMin(touched.extent) AS west, ST_YMin(touched.extent) AS south,
       ST_XMax(touched.extent) AS east, ST_YMax(touched.extent) AS north
  FROM plan
  LEFT JOIN person ON person.person_id = plan.owner_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS n_changed, ST_Extent(p.outline) AS extent,
              coalesce(array_agg(DISTINCT p.village_code::text) FILTER (WHERE p.village_code IS NOT NULL), '{}') AS village_codes
         FROM plan_cell AS p
        WHERE p.plan_id = plan.plan_id) AS touched
 WHERE plan.plan_id = :plan_id;

-- name: list_all
-- The plans of a territory, the last changed first.
SELECT plan.plan_id, plan.title, plan.note, plan.source, plan.base_publication, plan.territory_code, plan.state,
       plan.open_incidents, plan.effective_from, plan.version, plan.owner_id, person.name AS owner_name,
       plan.created_at, plan.updated_at, touched.n_changed, touched.village_codes,
       ST_XMin(touched.extent) AS west, ST_YMin(touched.extent) AS south,
       ST_XMax(touched.extent) AS east, ST_YMax(touched.extent) AS north
  FROM plan
  LEFT JOIN person ON person.person_id = plan.owner_id
 CROSS JOIN LATERAL (
       SELECT count(*) AS n_changed, ST_Extent(p.outline) AS extent,
              coalesce(array_agg(DISTINCT p.village_code::text) FILTER (WHERE p.village_code IS NOT NULL), '{}') AS village_codes
         FROM plan_cell AS p
        WHERE p.plan_id = plan.plan_id) AS touched
 WHERE plan.territory_code >= :low
   AND plan.territory_code < :high
 ORDER BY plan.updated_at DESC, plan.plan_id
 LIMIT :limit;

-- name: withdraw
-- Close a plan without publishing it.
UPDATE plan SET state = 'withdrawn', updated_at = now(), version = version + 1 WHERE plan_id = :plan_id;

-- name: reserve_cells
-- Numbers for cells that a plan makes.
SELECT nextval(pg_get_serial_sequence('cell', 'cell_id')) AS cell_id FROM generate_series(1, :n);

-- name: touch
-- The plan has changed: whoever saw the version before must load it again.
UPDATE plan SET version = version + 1, state = 'draft', updated_at = now() WHERE plan_id = :plan_id
RETURNING version;

-- name: replace_grids
-- What lies in these grids or villages goes, so that cells of an import can take the land.
INSERT INTO plan_cell (plan_id, cell_id, base_publication, gone, village_code, grid_code, subgroup_code, outline, area_m2)
SELECT :plan_id, c.cell_id, c.publication, true, c.village_code, c.grid_code, c.subgroup_code, c.outline, c.area_m2
  FROM cell_version AS c
 WHERE upper_inf(c.valid)
   AND (c.grid_code = ANY (:codes) OR c.village_code = ANY (:codes))
ON CONFLICT (plan_id, cell_id) DO UPDATE
   SET gone = true, version = plan_cell.version + 1, base_publication = excluded.base_publication,
       grid_code = excluded.grid_code, subgroup_code = excluded.subgroup_code, outline = excluded.outline, area_m2 = excluded.area_m2;
