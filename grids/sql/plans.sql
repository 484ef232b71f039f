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
       plan.submitted_at, plan.approved_by, approver.name AS approver_name, plan.approved_at, plan.approved_version,
       plan.created_at, plan.updated_at, touched.n_changed, touched.village_codes,
       ST_XMin(touched.extent) AS west, ST_YMin(touched.extent) AS south,
       ST_XMax(touched.extent) AS east, ST_YMax(touched.extent) AS north
  FROM plan
  LEFT JOIN person ON person.person_id = plan.owner_id
  LEFT JOIN person AS approver ON approver.person_id = plan.approved_by
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
       plan.submitted_at, plan.approved_by, approver.name AS approver_name, plan.approved_at, plan.approved_version,
       plan.created_at, plan.updated_at, touched.n_changed, touched.village_codes,
       ST_XMin(touched.extent) AS west, ST_YMin(touched.extent) AS south,
       ST_XMax(touched.extent) AS east, ST_YMax(touched.extent) AS north
  FROM plan
  LEFT JOIN person ON person.person_id = plan.owner_id
  LEFT JOIN person AS approver ON approver.person_id = plan.approved_by
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
-- What lies in these grids or villages goes, and these cells, so that cells of an import can take the land.
INSERT INTO plan_cell (plan_id, cell_id, base_publication, gone, village_code, grid_code, subgroup_code, outline, area_m2)
SELECT :plan_id, c.cell_id, c.publication, true, c.village_code, c.grid_code, c.subgroup_code, c.outline, c.area_m2
  FROM cell_version AS c
 WHERE upper_inf(c.valid)
   AND (c.grid_code = ANY (:codes) OR c.village_code = ANY (:codes) OR c.cell_id = ANY (CAST(:cells AS bigint[])))
ON CONFLICT (plan_id, cell_id) DO UPDATE
   SET gone = true, version = plan_cell.version + 1, base_publication = excluded.base_publication,
       grid_code = excluded.grid_code, subgroup_code = excluded.subgroup_code, outline = excluded.outline, area_m2 = excluded.area_m2;

-- name: used_codes
-- Every code that was ever given under a parent, by units in force, retired ones and plans of any fate.
SELECT code::text FROM unit WHERE parent_code = :parent
UNION
SELECT code::text FROM plan_unit WHERE parent_code = :parent;

-- The territory of a place is tested by its beginning: a range of codes would tempt the planner, who knows no box
-- beforehand, to read the whole territory instead of the place.

-- name: overlay
-- The coverage of villages and of a box as a plan would have it: what is in force, but for the cells that the plan
-- changes. `base` is the publication of the version in force, none for a cell that the plan makes.
SELECT c.cell_id, c.publication AS base, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2, false AS changed, 0 AS version
  FROM unnest(CAST(:villages AS text[])) AS v (code)
  JOIN cell_version AS c ON c.village_code = v.code AND upper_inf(c.valid)
 WHERE v.code >= :low AND v.code < :high
   AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
UNION ALL
SELECT c.cell_id, c.publication, c.village_code, c.grid_code, c.subgroup_code, ST_AsBinary(c.outline), c.area_m2, false, 0
  FROM cell_version AS c
 WHERE upper_inf(c.valid) AND c.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490)
   AND starts_with(c.village_code, :low) AND c.village_code <> ALL (CAST(:villages AS text[]))
   AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
UNION ALL
SELECT p.cell_id, p.base_publication, p.village_code, p.grid_code, p.subgroup_code,
       ST_AsBinary(p.outline), p.area_m2, true, p.version
  FROM plan_cell AS p
 WHERE p.plan_id = :plan_id AND NOT p.gone
   AND p.village_code >= :low AND p.village_code < :high
   AND (p.village_code = ANY (CAST(:villages AS text[])) OR p.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490))
 ORDER BY cell_id;

-- name: reach
-- The box around grids as the plan would have them: those named, and those with a cell in a box.
WITH met AS MATERIALIZED (
  SELECT c.grid_code::text AS grid_code, c.outline
    FROM cell_version AS c
   WHERE upper_inf(c.valid) AND c.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490)
     AND starts_with(c.village_code, :low)
     AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
  UNION ALL
  SELECT p.grid_code::text, p.outline
    FROM plan_cell AS p
   WHERE p.plan_id = :plan_id AND NOT p.gone AND p.village_code >= :low AND p.village_code < :high
     AND p.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490)
), meant AS MATERIALIZED (
  SELECT CAST(:grids AS text[]) || ARRAY(SELECT DISTINCT grid_code FROM met WHERE grid_code IS NOT NULL) AS grids
), box AS (
  SELECT ST_Extent(o.outline) AS box
    FROM (SELECT outline FROM met
          UNION ALL
          SELECT c.outline
            FROM (SELECT unnest(grids) AS code FROM meant) AS g
            JOIN cell_version AS c ON c.grid_code = g.code AND upper_inf(c.valid)
           WHERE starts_with(c.village_code, :low)
             AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
          UNION ALL
          SELECT p.outline
            FROM plan_cell AS p
           WHERE p.plan_id = :plan_id AND NOT p.gone AND p.grid_code = ANY ((SELECT grids FROM meant)::text[])
             AND p.village_code >= :low AND p.village_code < :high) AS o
)
SELECT ST_XMin(box) AS west, ST_YMin(box) AS south, ST_XMax(box) AS east, ST_YMax(box) AS north FROM box;

-- name: neighbourhood
-- The cells of villages and of a box as the plan would have them, and those whose boxes meet theirs.
WITH wanted AS MATERIALIZED (
  SELECT c.cell_id, c.outline
    FROM unnest(CAST(:villages AS text[])) AS v (code)
    JOIN cell_version AS c ON c.village_code = v.code AND upper_inf(c.valid)
   WHERE v.code >= :low AND v.code < :high
     AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
  UNION ALL
  SELECT c.cell_id, c.outline
    FROM cell_version AS c
   WHERE upper_inf(c.valid) AND c.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490)
     AND starts_with(c.village_code, :low)
     AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
  UNION ALL
  SELECT p.cell_id, p.outline
    FROM plan_cell AS p
   WHERE p.plan_id = :plan_id AND NOT p.gone AND p.village_code >= :low AND p.village_code < :high
     AND (p.village_code = ANY (CAST(:villages AS text[]))
          OR p.outline && ST_MakeEnvelope(:west, :south, :east, :north, 4490))
), near AS MATERIALIZED (
  SELECT array_agg(DISTINCT n.cell_id) AS cells
    FROM wanted
   CROSS JOIN LATERAL (
         SELECT c.cell_id FROM cell_version AS c WHERE upper_inf(c.valid) AND c.outline && wanted.outline
         UNION ALL
         SELECT p.cell_id FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.outline && wanted.outline) AS n
)
SELECT c.cell_id, c.village_code, c.grid_code, c.subgroup_code, ST_AsBinary(c.outline) AS outline,
       EXISTS (SELECT FROM wanted WHERE wanted.cell_id = c.cell_id) AS wanted
  FROM (SELECT unnest(cells) AS cell_id FROM near) AS n
  JOIN cell_version AS c ON c.cell_id = n.cell_id AND upper_inf(c.valid)
 WHERE starts_with(c.village_code, :low)
   AND NOT EXISTS (SELECT FROM plan_cell AS p WHERE p.plan_id = :plan_id AND p.cell_id = c.cell_id)
UNION ALL
SELECT p.cell_id, p.village_code, p.grid_code, p.subgroup_code, ST_AsBinary(p.outline),
       EXISTS (SELECT FROM wanted WHERE wanted.cell_id = p.cell_id)
  FROM (SELECT unnest(cells) AS cell_id FROM near) AS n
  JOIN plan_cell AS p ON p.plan_id = :plan_id AND p.cell_id = n.cell_id
 WHERE NOT p.gone AND p.village_code >= :low AND p.village_code < :high
 ORDER BY cell_id;

-- name: names
-- Names and kinds of units, in force or as the plan would create them.
SELECT u.code, u.name, u.kind, u.n_parts, upper_inf(u.valid) AS in_force
  FROM unit AS u WHERE u.code = ANY (:codes)
UNION ALL
SELECT p.code, p.name, p.kind, p.n_parts, true
  FROM plan_unit AS p
 WHERE p.plan_id = :plan_id AND p.code = ANY (:codes)
   AND NOT EXISTS (SELECT FROM unit AS u WHERE u.code = p.code);

-- name: homes
-- Where the households of these villages are; the viewer's own territory only. The ends of the ranges are
-- ready before they meet the walled table: joining texts is not leakproof and would keep it from its index.
WITH village AS MATERIALIZED (
  SELECT v.code, v.code || '~' AS beyond FROM unnest(CAST(:villages AS text[])) AS v (code)
)
SELECT ST_X(h.position) AS lon, ST_Y(h.position) AS lat
  FROM village AS v
  JOIN household AS h ON h.territory_code >= v.code AND h.territory_code < v.beyond
 WHERE h.position IS NOT NULL;

-- name: lock_cells
-- What the plan holds of these cells, locked in the order of their numbers.
SELECT p.cell_id, p.base_publication, p.gone, p.village_code, p.grid_code, p.subgroup_code,
       ST_AsBinary(p.outline) AS outline, p.area_m2
  FROM plan_cell AS p
 WHERE p.plan_id = :plan_id AND p.cell_id = ANY (:cells)
 ORDER BY p.cell_id
   FOR UPDATE;

-- name: base_cells
-- The versions in force of these cells.
SELECT c.cell_id, c.publication AS base_publication, false AS gone, c.village_code, c.grid_code, c.subgroup_code,
       ST_AsBinary(c.outline) AS outline, c.area_m2
  FROM cell_version AS c
 WHERE c.cell_id = ANY (:cells) AND upper_inf(c.valid);

-- name: put_cell
-- Write what the plan makes of a cell.
INSERT INTO plan_cell (plan_id, cell_id, base_publication, gone, village_code, grid_code, subgroup_code, outline, area_m2)
VALUES (:plan_id, :cell_id, :base_publication, :gone, :village_code, :grid_code, :subgroup_code,
        ST_SetSRID(CAST(:outline AS geometry), 4490), :area_m2)
ON CONFLICT (plan_id, cell_id) DO UPDATE
   SET version = plan_cell.version + 1, base_publication = excluded.base_publication, gone = excluded.gone,
       village_code = excluded.village_code, grid_code = excluded.grid_code, subgroup_code = excluded.subgroup_code,
       outline = excluded.outline, area_m2 = excluded.area_m2;

-- name: drop_cells
-- The plan no longer changes these cells.
DELETE FROM plan_cell WHERE plan_id = :plan_id AND cell_id = ANY (:cells);

-- name: reserve_unit
-- A unit that the plan would create; from now on its code belongs to it.
INSERT INTO plan_unit (plan_id, code, level, kind, name, initials, parent_code, n_parts)
VALUES (:plan_id, :code, :level, :kind, :name, :initials, :parent_code, :n_parts);

-- name: add_step
-- A step, after which nothing undone before can be done again. `made_in` is the plan's version that it makes.
INSERT INTO plan_step (plan_id, seq, tool, params, before, after, by_person, cells, made_in)
SELECT :plan_id, coalesce(max(s.seq), 0) + 1, :tool, CAST(:params AS jsonb), :before, :after, :by, :cells, :version
  FROM plan_step AS s WHERE s.plan_id = :plan_id
RETURNING seq;

-- name: last_step
-- The step that undo takes back.
SELECT seq, tool, params, before, after FROM plan_step
 WHERE plan_id = :plan_id AND undone_at IS NULL
 ORDER BY seq DESC LIMIT 1;

-- name: step_to_undo
-- One step that holds.
SELECT seq, tool, params, before, after, cells FROM plan_step
 WHERE plan_id = :plan_id AND seq = :seq AND undone_at IS NULL;

-- name: next_undone_step
-- The step that redo does again: the one undone last, unless a step was made since.
SELECT s.seq, s.tool, s.params, s.before, s.after FROM plan_step AS s
 WHERE s.plan_id = :plan_id AND s.undone_at IS NOT NULL
   AND s.turned_in >= (SELECT max(n.made_in) FROM plan_step AS n WHERE n.plan_id = :plan_id)
 ORDER BY s.turned_in DESC, s.seq LIMIT 1;

-- name: mark_step
-- Say that a step was undone, or holds again.
UPDATE plan_step SET undone_at = CASE WHEN CAST(:undone AS boolean) THEN now() END, turned_in = :version
 WHERE plan_id = :plan_id AND seq = :seq;

-- name: steps
-- The steps of a plan, the first one first.
SELECT s.seq, s.tool, s.params, s.at, person.name AS by_name, s.undone_at IS NOT NULL AS undone, s.cells
  FROM plan_step AS s
  LEFT JOIN person ON person.person_id = s.by_person
 WHERE s.plan_id = :plan_id
 ORDER BY s.seq;

-- name: name_in_plan
-- What a plan calls a unit that it makes.
SELECT name FROM plan_unit WHERE plan_id = :plan_id AND code = :code;

-- name: name_unit
-- Name a unit that a plan makes.
UPDATE plan_unit SET name = :name, initials = :initials WHERE plan_id = :plan_id AND code = :code;

-- name: lock_codes
-- Whoever takes codes under this parent waits for the other who does.
SELECT pg_advisory_xact_lock(7205, hashtext(:parent));

-- name: keep_sketch
-- A drawing that was refused, once: drawn again it is refused anew.
INSERT INTO plan_sketch (plan_id, tool, params, code, sentence, facts, by_person)
VALUES (:plan_id, :tool, CAST(:params AS jsonb), :code, :sentence, CAST(:facts AS jsonb), :by)
ON CONFLICT (plan_id, tool, md5(params::text)) DO UPDATE
   SET code = excluded.code, sentence = excluded.sentence, facts = excluded.facts, by_person = excluded.by_person, at = now()
RETURNING sketch_id;

-- name: sketches
-- The refused drawings of a plan, the last one first.
SELECT s.sketch_id, s.tool, s.params, s.code, s.sentence, s.facts, person.name AS by_name, s.at
  FROM plan_sketch AS s
  LEFT JOIN person ON person.person_id = s.by_person
 WHERE s.plan_id = :plan_id
 ORDER BY s.at DESC, s.sketch_id;

-- name: drop_sketch
-- A drawing that is no longer wanted.
DELETE FROM plan_sketch WHERE plan_id = :plan_id AND sketch_id = :sketch_id;

-- name: drop_drawing
-- A drawing that has become a step after all.
DELETE FROM plan_sketch
 WHERE plan_id = :plan_id AND tool = :tool AND md5(params::text) = md5(CAST(CAST(:params AS jsonb) AS text));

-- name: hold_key
-- Two requests of one key wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended(:name, 7204));

-- name: told
-- What was answered to a key, and what it was sent with.
SELECT said, answer FROM plan_answer WHERE plan_id = :plan_id AND by_person = :by AND sent_key = :key;

-- name: tell
-- The answer to a key; those of the day before yesterday have served.
WITH stale AS (
  DELETE FROM plan_answer WHERE plan_id = :plan_id AND at < now() - interval '2 days'
)
INSERT INTO plan_answer (plan_id, by_person, sent_key, said, answer) VALUES (:plan_id, :by, :key, :said, :answer);
